/**
 * `npm run asyncapi` writes asyncapi.yaml from the catalogue of events; with `--check` it fails when the file is stale.
 * Source: asyncapi.com/docs/reference/specification/v3.1.0, asyncapi.com/docs/reference/bindings/nats (0.1.0).
 */
import { stringify } from 'yaml';
import { z } from 'zod';
import { catalogue, envelopeSchema, publishers, sourceOf, toBinaryMode, type Publisher } from './events/index.ts';
import { sampleOf } from './events/samples.ts';
import { writeGenerated } from './generated-file.ts';
import { isMain } from './is-main.ts';

const file = new URL('./asyncapi.yaml', import.meta.url);

const reference = (...path: string[]) => ({ $ref: `#/${path.join('/')}` });
const typesOf = (publisher: Publisher) => Object.keys(publishers[publisher].events);
const byPublisher = <Part>(part: (publisher: Publisher) => Part): Record<string, Part> =>
  Object.fromEntries((Object.keys(publishers) as Publisher[]).map((publisher) => [publisher, part(publisher)]));

/** What the services say to each other, as AsyncAPI 3.1.0. */
export function describeEvents() {
  return {
    asyncapi: '3.1.0',
    info: {
      title: 'Ttareungi events',
      version: '1.0.0',
      description:
        'Facts that travel between the subgraphs of Seoul’s public bikes: CloudEvents 1.0 in binary mode over NATS ' +
        'JetStream. Within a stream (subject) they are numbered 1, 2, 3 … without gaps; they may come twice and late, ' +
        'and streams know no order between them. Readers ignore fields that they do not know.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    servers: {
      development: {
        host: '127.0.0.1:4222',
        protocol: 'nats',
        description: 'NATS with JetStream; the stream EVENTS keeps every subject under `evt.`',
      },
    },
    channels: byPublisher(channelOf),
    operations: Object.fromEntries(
      Object.entries(byPublisher(operationOf)).map(([publisher, operation]) => [`${publisher}Publishes`, operation]),
    ),
    components: {
      messages: Object.fromEntries([...catalogue].map(([type, { data }]) => [type, messageOf(type, data)])),
      messageTraits: { cloudEvent: cloudEvent() },
      correlationIds: {
        story: {
          description: 'The request that began it all; the same through the whole story.',
          location: '$message.header#/ce-correlationid',
        },
      },
    },
  };
}

function channelOf(publisher: Publisher) {
  const { aggregate } = publishers[publisher];
  const name = aggregate === 'account' ? 'userId' : 'number';
  const others = publisher === 'reservation' ? ', or `refusals-<date>`' : '';
  return {
    address: `evt.${publisher}.{stream}`,
    title: `What ${publisher} decided`,
    description: `Events with the source \`${sourceOf(publisher)}\`, one subject per stream, in the order of decision.`,
    parameters: {
      stream: {
        description: `\`${aggregate}-<${name}>\`${others}, percent-encoded so that it is one token of the subject.`,
        examples: [`${aggregate}-17`],
      },
    },
    messages: Object.fromEntries(typesOf(publisher).map((type) => [type, reference('components', 'messages', type)])),
  };
}

function operationOf(publisher: Publisher) {
  return {
    action: 'send',
    channel: reference('channels', publisher),
    summary: `The ${publisher} subgraph publishes what it decided, once the decision stands in its journal.`,
    messages: typesOf(publisher).map((type) => reference('channels', publisher, 'messages', type)),
    bindings: { nats: { bindingVersion: '0.1.0' } },
  };
}

function messageOf(type: string, data: z.ZodType) {
  const sample = sampleOf(type);
  const { description, ...payload } = jsonSchemaOf(data);
  return {
    name: type,
    title: type,
    summary: description,
    traits: [reference('components', 'messageTraits', 'cloudEvent')],
    payload,
    examples: [{ headers: Object.fromEntries(toBinaryMode(sample).headers), payload: sample.data }],
  };
}

/** The CloudEvents attributes as headers; a header is always text. */
function cloudEvent() {
  const { properties = {}, required = [] } = jsonSchemaOf(envelopeSchema.omit({ data: true }));
  const header = (attribute: string) => `ce-${attribute}`;
  const attributes = Object.entries(properties).map(([attribute, schema]): [string, unknown] => [
    header(attribute),
    attribute === 'sequence' ? { type: 'string', pattern: '^[1-9][0-9]*$', description: describedIn(schema) } : schema,
  ]);
  return {
    contentType: 'application/json',
    correlationId: reference('components', 'correlationIds', 'story'),
    headers: {
      type: 'object',
      description:
        'Space, `"`, `%` and what is not printable ASCII are percent-encoded (CloudEvents NATS binding §3.1.3).',
      properties: {
        'ce-datacontenttype': { type: 'string', const: 'application/json' },
        ...Object.fromEntries(attributes),
      },
      required: ['ce-datacontenttype', ...required.map(header)],
    },
  };
}

function describedIn(schema: z.core.JSONSchema._JSONSchema): string | undefined {
  return typeof schema === 'object' ? schema.description : undefined;
}

/** As a reader must take it: unknown fields are allowed. */
function jsonSchemaOf(schema: z.ZodType) {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, {
    target: 'draft-7',
    io: 'input',
    override: ({ jsonSchema }) => {
      // The format says it; the pattern that spells it out is a line of 300 characters.
      if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
    },
  });
  return rest;
}

/** The document as the file has it; a time is quoted, because readers of YAML 1.1 make a date of it. */
export function writeYaml(): string {
  const comment = '# Generated by `npm run asyncapi` from schema/events. Do not edit.\n';
  return comment + stringify(describeEvents(), { schema: 'yaml-1.1', aliasDuplicateObjects: false, lineWidth: 120 });
}

if (isMain(import.meta.url)) {
  try {
    writeGenerated(file, writeYaml(), 'npm run asyncapi', { check: process.argv.includes('--check') });
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
