import { describe, expect, it } from '@jest/globals';
import { startFederation, type EngineName } from '../federation.ts';
import { differenceOf } from '../comparison.ts';
import { conditions } from './conditions.ts';
import type { Conformance } from './conformance.ts';
import { failures } from './failures.ts';
import { interfaceObjects } from './interface-objects.ts';
import { keys } from './keys.ts';
import { names } from './names.ts';
import { overrides, provides } from './provides.ts';
import { requires } from './requires.ts';
import { types } from './types.ts';

const rooms: Record<string, Record<string, Conformance>> = {
  keys,
  requires,
  provides,
  overrides,
  types,
  'interface objects': interfaceObjects,
  names,
  conditions,
  failures,
};

for (const [room, features] of Object.entries(rooms)) {
  describe.each(Object.entries(features))(`${room}: %s`, (_feature, definition) => {
    const federation = startFederation(definition, { labels: definition.labels });
    const cases = definition.cases.map((each) => (typeof each === 'string' ? ([each, {}] as const) : each));
    const differs = (engine: EngineName) => (at: number) => {
      const [query, variables] = cases[at] ?? ['', {}];
      return differenceOf(federation, engine, query, variables);
    };

    it.each(cases.map(([query], at) => [query, at] as const))('answers %s', async (_query, at) => {
      expect(await differs('own')(at)).toBeUndefined();
      const isKnown = definition.apollo?.wrong.includes(at);
      const given = await differs('apollo')(at);
      if (isKnown) expect(given).toBeDefined();
      else expect(given).toBeUndefined();
    });
  });
}
