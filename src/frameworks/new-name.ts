import { fileOf } from './framework.ts';

/** `20260131120000`, in UTC. */
export function timestamp(now: Date): string {
  return now.toISOString().replaceAll(/\D/g, '').slice(0, 14);
}

/** The number after the greatest that a file begins with, as wide as that one. */
function nextSerial(existing: readonly string[], width: number): string {
  const numbers = existing
    .map((path) => /^[VB]?(\d+)/i.exec(fileOf(path))?.[1] ?? '')
    .filter((digits) => digits !== '');
  const last = numbers.reduce((a, b) => (BigInt(b) > BigInt(a) ? b : a), '0'.repeat(width));
  return (BigInt(last) + 1n).toString().padStart(last.length, '0');
}

/** A timestamp, or where the files are numbered the next number. */
export function nextVersion(existing: readonly string[], now: Date): string {
  const numbers = existing.map((path) => /^[Vv]?(\d+)/.exec(fileOf(path))?.[1] ?? '').filter((digits) => digits !== '');
  const isNumbered = numbers.length > 0 && numbers.every((digits) => digits.length < 10);
  return isNumbered ? nextSerial(existing, 3) : timestamp(now);
}
