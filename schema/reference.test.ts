import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { buildSchema, isEnumType, isInputObjectType, isObjectType } from 'graphql';
import { catalogue } from './events/index.ts';
import { describeEventsPage, describeSchema } from './reference.ts';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const supergraph = read('./supergraph.graphql');
const pages = { 'schema.md': describeSchema(supergraph), 'events.md': describeEventsPage() };
const api = Object.values(buildSchema(read('./client/generated/api.graphql')).getTypeMap()).filter(
  ({ name }) => !name.startsWith('__') && !['Int', 'Float', 'String', 'Boolean', 'ID'].includes(name),
);
const roots: Record<string, string> = { Query: 'Queries', Mutation: 'Mutations', Subscription: 'Subscriptions' };

/** What stands under a heading. */
const sectionOf = (page: string, title: string) =>
  page.split(/^#{2,3} /m).find((part) => part.startsWith(`${title}\n`));

describe('the page of the schema', () => {
  it.each(api)('has $name with its fields, arguments and values', (type) => {
    const section = sectionOf(pages['schema.md'], roots[type.name] ?? type.name);
    expect(section).toBeDefined();
    if (isObjectType(type) || isInputObjectType(type)) {
      for (const field of Object.values(type.getFields())) {
        expect(section).toContain(isObjectType(type) ? `**${field.name}**` : `| ${field.name}: `);
        for (const argument of 'args' in field ? field.args : []) expect(section).toContain(`${argument.name}: `);
      }
    }
    if (isEnumType(type)) {
      for (const value of type.getValues()) expect(section).toContain(`| \`${value.name}\` |`);
    }
  });

  it('has nothing of federation’s machinery', () => {
    expect(pages['schema.md']).not.toMatch(/join__|link__/);
  });

  it('says of a field of a shared type whose it is', () => {
    expect(sectionOf(pages['schema.md'], 'User')).toMatch(/\*\*totalPoint\*\*.*\| point \|/);
  });

  it('is not written while a query does not say who may use it', () => {
    expect(() =>
      describeSchema(supergraph.replace('The fleet, by bikeId ascending. For everybody.', 'The fleet.')),
    ).toThrow('The description of Query.bikes does not say who may use it.');
  });
});

describe('the page of the events', () => {
  it.each([...catalogue.keys()])('has %s and its fields', (type) => {
    const sample = JSON.parse(read(`./events/samples/${type}.json`)) as { data: object };
    const section = sectionOf(pages['events.md'], type);
    for (const field of Object.keys(sample.data)) expect(section).toContain(`| **${field}**`);
  });

  it('says who follows', () => {
    expect(sectionOf(pages['events.md'], 'approval')).toMatch(/Followed by \[point\].*, \[dashboard\]/);
  });
});

describe.each(Object.entries(pages))('%s', (_name, page) => {
  it('links only to what is there', () => {
    const anchors = new Set(
      [...page.matchAll(/^#+ (.+)$/gm)].map(([, title]) => title?.toLowerCase().replaceAll(' ', '-')),
    );
    const links = [...page.matchAll(/\]\(([^)]+)\)/g)].map(([, link = '']) => link);
    expect(links.length).toBeGreaterThan(10);
    const broken = links.filter((link) =>
      link.startsWith('#')
        ? !anchors.has(link.slice(1))
        : !existsSync(new URL(`../docs/${link.replace(/#.*/, '')}`, import.meta.url)),
    );
    expect(broken).toEqual([]);
  });
});
