import type { ServerResponse } from 'node:http';
import { createHold, remembered, type Guest } from '../../platform/server/index.ts';
import type { AnswerPart } from '../gateway/incremental/deliver.ts';
import { textOfPart, type IncrementalFormat } from '../gateway/incremental/formats.ts';

/** How an answer is given in parts. */
export interface PartsForm {
  format: IncrementalFormat;
  /** The parameter of the media type that says which format it is. */
  parameter: string;
}

const draft: PartsForm = { format: 'draft', parameter: 'incrementalSpec=v0.2' };
/** By what a client names; one that names nothing takes what the draft says. */
const forms = new Map<string, PartsForm>([
  ['', draft],
  ['incrementalspec=v0.2', draft],
  ['deferspec=20220824', { format: 'apollo', parameter: 'deferSpec=20220824' }],
]);

/** The first form that an `Accept` takes parts in; undefined when it takes none. */
export const partsFormFor = remembered((accept): PartsForm | undefined => {
  for (const item of (accept ?? '').split(',')) {
    const [type, ...parameters] = item.split(';').map((text) => text.toLowerCase().replace(/[\s"]/g, ''));
    if (type !== 'multipart/mixed' || parameters.some((each) => /^q=0(\.0*)?$/.test(each))) continue;
    const form = forms.get(parameters.filter((each) => !/^(q|boundary)=/.test(each)).join(';'));
    if (form) return form;
  }
  return undefined;
});

const boundary = 'graphql';

/** One answer in parts ("Incremental Delivery over HTTP"). */
export interface PartsResponse {
  /** Whether a part has been sent. */
  begun(): boolean;
  send(part: AnswerPart): void;
  end(): void;
}

export function createPartsResponse(
  response: ServerResponse,
  guest: Guest,
  { format, parameter }: PartsForm,
): PartsResponse {
  let begun = false;
  const hold = createHold(response, guest);
  return {
    begun: () => begun,
    send(part) {
      if (response.destroyed || response.writableEnded) return;
      const text = `content-type: application/json; charset=utf-8\r\n\r\n${textOfPart(part, format)}\r\n--${boundary}`;
      if (begun) response.write(`\r\n${text}`);
      else {
        begun = true;
        response.writeHead(200, {
          'content-type': `multipart/mixed;boundary="${boundary}";${parameter}`,
          'cache-control': 'no-store',
          'x-accel-buffering': 'no',
        });
        response.write(`\r\n--${boundary}\r\n${text}`);
      }
      if (!part.hasNext) this.end();
      hold();
    },
    end() {
      if (!response.writableEnded) response.end('--\r\n');
    },
  };
}
