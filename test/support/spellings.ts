const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Other texts that Node decodes as it does this base64url: bits behind the last byte, padding, signs that are skipped. */
export function otherSpellings(text: string): string[] {
  const bytes = Buffer.from(text, 'base64url');
  const isSame = (other: string) => other !== text && Buffer.from(other, 'base64url').equals(bytes);
  const lastSign = Array.from(alphabet, (sign) => `${text.slice(0, -1)}${sign}`);
  const others = [
    ...lastSign,
    `${text}=`,
    `${text}==`,
    `${text}=x`,
    `!${text}`,
    `${text.slice(0, 3)}~${text.slice(3)}`,
  ];
  return [...others, bytes.toString('base64')].filter(isSame);
}
