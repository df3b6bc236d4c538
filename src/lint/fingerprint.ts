import { lex } from '../sql/lexer.ts';
import type { Finding, LintedFile } from './engine.ts';

/**
 * What each finding of a file is about, in 16 hexadecimal digits: its rule, the file by a name that does not change, and the SQL that is
 * meant. It stays the same when lines move, and when only white space or comments change; of findings that are alike in all this, each has
 * its own.
 */
export function fingerprints({ script: { source }, findings }: LintedFile, name: string): ReadonlyMap<Finding, string> {
  const seen = new Map<string, number>();
  return new Map(
    findings.map((finding) => {
      const { rule, range } = finding;
      const meant = [rule, name, essence(source.text.slice(range.start, range.end))].join('\0');
      const nth = seen.get(meant) ?? 0;
      seen.set(meant, nth + 1);
      return [finding, digest(nth === 0 ? meant : `${meant}\0${nth}`)];
    }),
  );
}

/** SQL without comments, one space between its tokens; of a comment, the comment. */
function essence(sql: string): string {
  const tokens = Array.from(lex(sql), ({ kind, start, end }) => ({ kind, text: sql.slice(start, end) }));
  const code = tokens.filter(({ kind }) => kind !== 'comment');
  return (code.length > 0 ? code : tokens).map(({ text }) => text).join(' ');
}

/** 64 bits that tell texts apart, of the kind of MurmurHash; no signature. https://github.com/aappleby/smhasher */
export function digest(text: string): string {
  let high = 0x9747b28c;
  let low = 0x3c6ef372;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    high = Math.imul(high ^ unit, 0x9e3779b1);
    low = Math.imul(low ^ unit, 0x5f356495);
    high ^= high >>> 15;
    low ^= low >>> 13;
  }
  const halves = [mix(high ^ text.length), mix(low ^ high)];
  return halves.map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}

/** Every bit of the input changes about half of the output. */
function mix(bits: number): number {
  const once = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35);
  return twice ^ (twice >>> 16);
}
