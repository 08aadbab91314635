import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { buildSchema, isObjectType } from 'graphql';
import { permissionIn } from './reference.ts';
import { scopes } from './scopes.ts';

const api = buildSchema(readFileSync(new URL('client/generated/api.graphql', import.meta.url), 'utf8'));

describe.each(Object.entries(scopes))('the scope %s', (_scope, { fields }) => {
  it('names fields that there are, each once', () => {
    expect(new Set(fields).size).toBe(fields.length);
    for (const name of fields) {
      const [type = '', field = ''] = name.split('.');
      const found = api.getType(type);
      expect([name, isObjectType(found) && (field === '__resolveReference' || field in found.getFields())]).toEqual([
        name,
        true,
      ]);
    }
  });

  it('has nothing that riders may not do by themselves', () => {
    for (const name of fields) {
      const [type = '', field = ''] = name.split('.');
      const found = api.getType(type);
      const description = isObjectType(found) ? (found.getFields()[field]?.description ?? '') : '';
      expect(permissionIn(description) ?? '').not.toMatch(/^Roles?\b(?!.*\brider\b)/);
    }
  });
});
