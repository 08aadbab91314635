/**
 * The rules for users' text: the same for requests, tokens, events and pages. It needs no library.
 *
 * Text is kept as it came, except that what people read is trimmed: it is neither normalised (NFC) nor folded, so that
 * answer, journal, broker, dashboard and CSV give back what was sent, code unit by code unit. Text that could not
 * round-trip, or would mislead its readers, is refused instead of repaired.
 */
export interface TextRule {
  /** Characters (code points, as people and JSON Schema count them) after trimming. */
  shortest: number;
  longest: number;
  /** Blanks around it are trimmed. */
  trimmed?: boolean;
  /** It may have several lines. */
  lines?: boolean;
  /** An identifier: nothing in it may be invisible, or a blank other than the space, or at its ends. */
  name?: boolean;
}

/** Why a text is refused; the same codes everywhere, and pages have their own words for each. */
export type TextFault =
  | 'NOT_WELL_FORMED'
  | 'CONTROL_CHARACTER'
  | 'HIDDEN_CHARACTER'
  | 'INVISIBLE'
  | 'BLANK_AROUND'
  | 'TOO_SHORT'
  | 'TOO_LONG';

/** By kind. A field or argument of this name has this rule; any other has `anyText`. */
export const textRules = {
  /** OpenID Connect Core §2: `sub` has at most 255 characters. */
  userId: { shortest: 1, longest: 255, name: true },
  idempotencyKey: { shortest: 1, longest: 255, name: true },
  correlationId: { shortest: 1, longest: 255, name: true },
  /** A color's length is the bike's own rule (INVALID_COLOR); this only excludes what cannot be a color. */
  color: { shortest: 0, longest: 1_000, trimmed: true },
  /** So are the lengths of a station's texts (INVALID_NAME, INVALID_ADDRESS). */
  nameKo: { shortest: 0, longest: 1_000, trimmed: true },
  nameEn: { shortest: 0, longest: 1_000, trimmed: true },
  address: { shortest: 0, longest: 1_000, trimmed: true },
  reason: { shortest: 0, longest: 500, trimmed: true, lines: true },
  note: { shortest: 0, longest: 500, trimmed: true, lines: true },
  /** Opaque; wallets' tokens are some kilobytes of JSON. */
  paymentToken: { shortest: 1, longest: 8_192 },
  /** Opaque; one holds the values of a row, encoded. */
  after: { shortest: 0, longest: 8_192 },
  before: { shortest: 0, longest: 8_192 },
} as const satisfies Record<string, TextRule>;

export type TextKind = keyof typeof textRules;

/** Lists in which each item is answered for itself: an unfit text refuses its item, not the call. */
export const itemLists: ReadonlySet<string> = new Set(['bikes', 'changes', 'moves', 'stations']);

/** The rule for names without their own. */
export const anyText: TextRule = { shortest: 0, longest: 1_000 };

/** The rule for an argument, field or claim of this name. */
export function textRuleOf(name: string): TextRule {
  return Object.hasOwn(textRules, name) ? textRules[name as TextKind] : anyText;
}

/** The text as it is kept, or why it is refused. */
export type ReadText = { text: string; fault: null } | { text: null; fault: TextFault };

export function readText(raw: string, rule: TextRule): ReadText {
  // No character has more than two code units: a longer text need not be scanned.
  if (raw.length > 2 * rule.longest && (!rule.trimmed || raw.trim().length > 2 * rule.longest)) return no('TOO_LONG');
  const text = rule.trimmed ? raw.trim() : raw;
  if (!text.isWellFormed()) return no('NOT_WELL_FORMED');
  if ((rule.lines ? controlInLines : control).test(text)) return no('CONTROL_CHARACTER');
  if (hidden.test(text) || (rule.name && unnameable.test(text))) return no('HIDDEN_CHARACTER');
  if (rule.name && text !== text.trim()) return no('BLANK_AROUND');
  const length = charactersIn(text);
  if (length < rule.shortest) return no('TOO_SHORT');
  if (length > rule.longest) return no('TOO_LONG');
  if (text !== '' && (rule.name || rule.trimmed) && !visible.test(text)) return no('INVISIBLE');
  return { text, fault: null };
}

const no = (fault: TextFault): ReadText => ({ text: null, fault });

/** Whether a text is fit as it is. */
export function isText(value: unknown, rule: TextRule): value is string {
  return typeof value === 'string' && readText(value, rule).text === value;
}

/** What is wrong, for people, to follow the field's name; it does not quote the text. */
export function wordsFor(fault: TextFault, { shortest, longest }: TextRule): string {
  switch (fault) {
    case 'NOT_WELL_FORMED':
      return 'has half a character in it (an unpaired surrogate)';
    case 'CONTROL_CHARACTER':
      return 'has a control character in it';
    case 'HIDDEN_CHARACTER':
      return 'has a character in it that cannot be seen or turns text around';
    case 'INVISIBLE':
      return 'has nothing in it that can be seen';
    case 'BLANK_AROUND':
      return 'begins or ends with a blank';
    case 'TOO_SHORT':
    case 'TOO_LONG':
      return shortest > 0
        ? `must have ${shortest} to ${longest} characters`
        : `must have at most ${longest} characters`;
  }
}

/** Characters as people count them: code points. */
export function charactersIn(text: string): number {
  let count = 0;
  for (const _character of text) count += 1;
  return count;
}

/** The first code units of a text, without half a surrogate pair at its end. */
export function cut(text: string, longest: number): string {
  if (text.length <= longest) return text;
  const last = text.charCodeAt(longest - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? longest - 1 : longest);
}

/**
 * Text from elsewhere (a payment provider, a library's error), which cannot be refused: characters that users may not
 * write are replaced, and it is cut.
 */
export function sanitizeText(text: string, longest: number): string {
  return cut(text.toWellFormed().replace(unfit, '\uFFFD').trim(), longest);
}

// Line and paragraph separators end a line wherever text is shown: they are control characters here.
const control = /[\p{Cc}\u2028\u2029]/u;
/** Line feed, and carriage return before one. */
const controlInLines = /(?!\n|\r\n)[\p{Cc}\u2028\u2029]/u;
/**
 * Embeddings, overrides and isolates of direction (UAX #9), deprecated formats, annotations, tags, and noncharacters.
 * Marks of direction and joiners are fine: languages and emoji need them.
 */
const hidden = /[\u202A-\u202E\u2066-\u206F\uFFF9-\uFFFB\u{E0000}-\u{E007F}\p{Noncharacter_Code_Point}]/u;
const unnameable = /(?! )[\p{Default_Ignorable_Code_Point}\p{White_Space}\u2800]/u;
/** A letter, number, sign or symbol; Hangul fillers and the empty Braille cell do not count, nor does a mark alone. */
const visible = /(?![\p{Default_Ignorable_Code_Point}\u2800])[\p{L}\p{N}\p{P}\p{S}]/u;
const unfit =
  /(?!\n)[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u206F\uFFF9-\uFFFB\u{E0000}-\u{E007F}\p{Noncharacter_Code_Point}]/gu;
