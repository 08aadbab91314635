import type { Dice } from '../../cli/demo/dice.ts';
import { isObject, type JsonObject } from '../gateway/execution/values.ts';
import type { Lie } from './federation.ts';

/** Bodies that are no answer, or none to what was asked. */
const bodies = [
  '<!doctype html><title>Sign in</title>',
  ...['', '[]', '5', '"x"', 'null', '{}', '{"data":null}', '{"data":"x"}', '{"data":[]}', '{"data":{}}', '{"data":7}'],
  ...['{"errors":[]}', '{"errors":"away"}', '{"errors":[null]}', '{"errors":[{}]}', '{"errors":[{"message":5}]}'],
  ...['{"data":null,"errors":[{"message":"no"}]}', '{"errors":[{"message":"no"}]}', '{"data":{"_entities":null}}'],
  ...[
    '{"__proto__":{"data":{}}}',
    '{"data":{"__proto__":{"polluted":true}},"constructor":{"prototype":{"polluted":1}}}',
  ],
];

const deep = (levels: number, open: string, close: string) => `${open.repeat(levels)}0${close.repeat(levels)}`;

/** Values, as JSON, for places where another type belongs. */
const values = [
  ...['null', '0', '-1.5', '1e400', '9007199254740993', '""', '"x"', 'true', '[]', '{}', '[null]', '[[]]', '[[[1]]]'],
  ...['{"__proto__":{"polluted":true}}', '{"constructor":{"prototype":{"polluted":true}}}', '{"__typename":"Nope"}'],
  ...[
    '{"__typename":{"x":1}}',
    '{"toString":5,"then":1,"toJSON":"x"}',
    '{"length":3,"0":"a"}',
    '"\\ud800"',
    '"__proto__"',
  ],
  ...[deep(50_000, '[', ']'), deep(20_000, '{"of":', '}'), JSON.stringify('x'.repeat(10_000))],
];

const paths = [
  ...['[]', '["_entities"]', '["_entities",999,"x"]', '["_entities","x"]', '["_entities",0]', '["_entities",-1,"id"]'],
  ...['[-1]', '[1e9]', '["__proto__","polluted"]', '["constructor","prototype"]', '"x"', '7', '[null]', '[[]]', '[{}]'],
  ...['null', `[${'"x",'.repeat(5_000)}"x"]`, '["_e0",0,"name"]', '["all",0,"name"]', '["all",0,"name","deeper",9]'],
];

const extensions = [
  ...[
    'null',
    '5',
    '[]',
    '{"code":7}',
    '{"code":"NOT_FOUND","serviceName":"a"}',
    '{"stacktrace":["at a (/app/a.js:1)"]}',
  ],
  '{"__proto__":{"polluted":true},"exception":{"message":"secret"}}',
];

/** One lie at random. */
export function randomLie(dice: Dice): Lie {
  const one = (items: readonly string[]) => dice.pick(items) ?? '';
  return (answer) => {
    if (dice.chance(0.1)) return one(bodies);
    if (dice.chance(0.05)) return answer.slice(0, dice.below(answer.length));
    const whole = JSON.parse(answer) as JsonObject;
    const raw: string[] = [];
    /** Stands for a text that is no value of JavaScript's. */
    const mark = (text: string) => `\u0001${raw.push(text) - 1}\u0001`;
    for (let count = 1 + dice.below(3); count > 0; count -= 1) {
      if (dice.chance(0.25)) {
        const told = `{"message":"odd","path":${one(paths)},"extensions":${one(extensions)}}`;
        whole['errors'] = [...(Array.isArray(whole['errors']) ? (whole['errors'] as unknown[]) : []), mark(told)];
      } else changeSomewhere(whole, 'data', dice, mark(one(values)));
    }
    return JSON.stringify(whole).replace(/"\\u0001(\d+)\\u0001"/g, (_all, at: string) => raw[Number(at)] ?? 'null');
  };
}

/** Changes a value at random, at any depth: another value, none, one more, or items in another order. */
function changeSomewhere(parent: JsonObject | unknown[], key: string | number, dice: Dice, value: unknown): void {
  const within = parent as JsonObject;
  const current = within[key];
  const isList = Array.isArray(current);
  const inner = isList ? [...current.keys()] : isObject(current) ? Object.keys(current) : [];
  const next = dice.pick<string | number>(inner);
  if (next !== undefined && dice.chance(0.8)) {
    return changeSomewhere(current as JsonObject, next, dice, value);
  }
  if (isList && dice.chance(0.6)) {
    const items = current as unknown[];
    const changed = [items.toReversed(), items.slice(1), [...items, ...items], [...items, value], [value, ...items]];
    within[key] = dice.pick(changed);
  } else if (isObject(current) && dice.chance(0.3)) {
    current['__typename'] = dice.pick(['Bike', 'Rider', 'Size', 'Query', 'Node', 'Thing']);
  } else if (isObject(current) && dice.chance(0.4)) {
    current[dice.pick(['__typename', 'id', 'constructor', 'toString', 'hasOwnProperty'])] = value;
  } else if (!Array.isArray(parent) && dice.chance(0.15)) Reflect.deleteProperty(within, key);
  else within[key] = value;
}
