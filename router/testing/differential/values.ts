import type { Dice } from '../../../cli/demo/dice.ts';
import { to } from '../worlds.ts';

const strings = ['', 'x', 'two words', '"quoted"', '따릉이 🚲', '\\ \n', '__proto__'];

/** Of a type `Pair0_Bike_Rider` the last name is the entity that it may point at. */
export const isPair = (type: string) => type.includes('Pair');
export const pairName = (type: string) => type.replace(/\W/g, '');
export const pairTarget = (name: string) => name.slice(name.lastIndexOf('_') + 1);

/**
 * A value of a type as SDL writes it: sometimes null, sometimes an error, also where null may not be.
 * @param isNeeded it is neither, since others are computed from it.
 * @param rowOf names a row of a type.
 */
export function randomValue(dice: Dice, type: string, isNeeded: boolean, rowOf: (type: string) => string): unknown {
  const value = (given: string): unknown => {
    const isStrict = given.endsWith('!');
    if (!isNeeded && dice.chance(0.04)) return new Error('broken');
    if (dice.chance(isStrict ? (isNeeded ? 0 : 0.04) : 0.15)) return null;
    const inner = isStrict ? given.slice(0, -1) : given;
    if (inner.startsWith('[')) return Array.from({ length: dice.below(4) }, () => value(inner.slice(1, -1)));
    switch (inner) {
      case 'Int':
        return dice.below(100) - 5;
      case 'Float':
        return dice.pick([0.5, -3, 1e21, 7]);
      case 'String':
      case 'ID':
        return dice.pick(strings);
      case 'Boolean':
        return dice.chance(0.5);
      case 'Color':
        return dice.pick(['RED', 'GREEN']);
      case 'Any':
        return dice.pick([
          1,
          'x',
          true,
          { a: [1, null, { b: 'x' }] },
          [],
          [[{}]],
          { __typename: 'Bike', id: 'Bike-0' },
        ]);
      case 'Size':
        return { h: value('Int'), w: value('Int') };
    }
    if (isPair(inner))
      return {
        code: value('ID'),
        h: value('Int'),
        of: value(pairTarget(inner)),
        note: value('Int!'),
        size: value('Size'),
      };
    if (!inner.endsWith('Box')) return to(rowOf(inner));
    return { of: value(inner.slice(0, -'Box'.length)), note: value('Int') };
  };
  return value(type);
}
