import { replaced, type Replacement } from './filled.ts';
import { tagFinder } from './lexer.ts';
import { type Found, readAt } from './placeholder.ts';
import { booleanOf, lineEnds, HARMLESS, type MetaCommand, type PsqlVariables, readMetaCommand, SENDS } from './psql.ts';
import type { Fillable } from './stand-in.ts';
import type { Range, Unread } from './statement.ts';

/** A file that a script runs. */
export interface Inclusion {
  readonly range: Range;
  /** Null where it is only known when the script runs. */
  readonly name: string | null;
  /** To the folder of the file that asks for it. */
  readonly relative: boolean;
}

/** A script without what is not for the server. All offsets are those of the text that it was read from. */
export interface ScriptText {
  /** As long as the original: commands of psql, data of COPY and branches that are never run are blanks. */
  readonly sql: string;
  /** The same, where no placeholder hides a semicolon or a quote. */
  readonly masked: string;
  readonly placeholders: readonly Fillable[];
  readonly commands: readonly Range[];
  readonly unread: readonly Unread[];
}

/** One `\if`. */
interface Branch {
  readonly outside: boolean;
  /** Whether one of its branches was run; null where only the script's run tells, and then all are read. */
  taken: boolean | null;
}

const COPY_DATA = /^copy\b[\s\S]*\bfrom\s+stdin\b/i;

/**
 * Reads a text as psql and template languages do. `include` is called where another file is to be run, and says why it is not, or null.
 * Changes `variables` as the script does.
 */
export function readScriptText(
  text: string,
  variables: PsqlVariables,
  include: (inclusion: Inclusion) => string | null,
): ScriptText {
  const reader = new Reader(text, variables, include);
  return reader.read();
}

class Reader {
  readonly #text: string;
  readonly #lineEndOf: (offset: number) => number;
  /** Whether data of COPY may still end behind what was read. */
  #hasData = true;
  readonly #variables: PsqlVariables;
  readonly #include: (inclusion: Inclusion) => string | null;
  readonly #cuts: Replacement[] = [];
  readonly #placeholders: Fillable[] = [];
  readonly #commands: Range[] = [];
  readonly #unread: Unread[] = [];
  readonly #branches: Branch[] = [];
  /** Commands that are not known are told once. */
  readonly #strange = new Set<string>();
  /** Where a branch begins that is never run. */
  #skippedFrom: number | null = null;
  #statementStart: number | null = null;

  constructor(text: string, variables: PsqlVariables, include: (inclusion: Inclusion) => string | null) {
    this.#text = text;
    this.#lineEndOf = lineEnds(text);
    this.#variables = variables;
    this.#include = include;
  }

  read(): ScriptText {
    const text = this.#text;
    const findTag = tagFinder(text);
    for (let at = 0; at < text.length;) {
      const found = readAt(text, at, findTag);
      at = found.kind === 'backslash' ? this.#command(found.start) : this.#token(found);
    }
    if (this.#skippedFrom !== null) this.#blank({ start: this.#skippedFrom, end: text.length });
    const placeholders = this.#placeholders.filter(({ start }) => !this.#isCut(start));
    const sql = replaced(text, this.#cuts).text;
    return {
      sql,
      masked: masked(sql, placeholders),
      placeholders,
      commands: this.#commands,
      unread: this.#unread,
    };
  }

  /** Returns where to read on. */
  #token({ kind, start, end, placeholders }: Found): number {
    if (this.#skippedFrom !== null || kind === 'space' || kind === 'comment') return end;
    for (const placeholder of placeholders) {
      this.#placeholders.push({ ...placeholder, value: this.#valueOf(placeholder) });
      if (placeholder.kind === 'partial') {
        const reason = `what ${shortened(this.#text.slice(start, end))} brings in is not known`;
        this.#unread.push({ range: { start, end }, reason, anchor: start });
      }
    }
    if (kind === 'semicolon') {
      const statement = this.#statementStart === null ? '' : this.#text.slice(this.#statementStart, start);
      this.#statementStart = null;
      return COPY_DATA.test(statement) ? this.#copyData(end) : end;
    }
    const [first] = placeholders;
    if (first === undefined || !['open', 'else', 'close', 'note', 'partial'].includes(first.kind))
      this.#statementStart ??= start;
    return end;
  }

  /** What the script has set a variable of psql to. */
  #valueOf({ start, names: [name = ''] }: Omit<Fillable, 'value'>): string | null {
    return this.#text[start] === ':' ? (this.#variables.get(name) ?? null) : null;
  }

  /** What follows COPY … FROM STDIN, up to a line with `\\.` alone. */
  #copyData(from: number): number {
    if (!this.#hasData) return from;
    const end = /^\\\.[ \t]*\r?$/gm;
    end.lastIndex = from;
    const match = end.exec(this.#text);
    this.#hasData = match !== null;
    if (match === null) return from;
    const lineEnd = this.#lineEndOf(from);
    const data = { start: Math.min(lineEnd + 1, this.#text.length), end: match.index + match[0].length };
    this.#commands.push(data);
    this.#blank(data);
    return data.end;
  }

  #command(start: number): number {
    const command = readMetaCommand(this.#text, start, this.#variables, this.#lineEndOf);
    const { name, args, end } = command;
    if (['if', 'elif', 'else', 'endif'].includes(name)) {
      this.#conditional(command);
      return end;
    }
    if (this.#skippedFrom !== null) return end;
    if (name === 'copy') return this.#clientCopy(command);
    this.#commands.push({ start, end });
    if (name === ';' || SENDS.has(name)) {
      this.#blank(command, ';');
      this.#statementStart = null;
    } else this.#blank(command);
    const [first, ...others] = args;
    switch (name) {
      case ';':
      case '.':
      case '\\':
        break;
      case 'q':
      case 'quit':
        if (this.#isCertain()) this.#skippedFrom = end;
        break;
      case 'set':
        if (typeof first === 'string') {
          // Where a variable had no value before, this is its default.
          const isKnown = !others.includes(null) && (this.#isCertain() || !this.#variables.has(first));
          this.#variables.set(first, isKnown ? others.join('') : null);
        }
        break;
      case 'unset':
        if (typeof first === 'string') this.#variables.set(first, this.#isCertain() ? undefined : null);
        break;
      case 'getenv':
        if (typeof first === 'string') this.#variables.set(first, null);
        break;
      case 'prompt':
        this.#variables.set(args.at(-1) ?? '', null);
        break;
      case 'i':
      case 'include':
      case 'ir':
      case 'include_relative': {
        const reason = this.#include({
          range: command,
          name: first ?? null,
          relative: name.endsWith('r') || name === 'include_relative',
        });
        if (reason !== null) this.#leave(command, reason);
        break;
      }
      case 'gexec':
        this.#leave(command, 'what the rows say that \\gexec runs is not known');
        break;
      case '!':
        this.#leave(command, 'a command of the shell is not run here, and what it does is not known');
        break;
      default:
        if (HARMLESS.has(name) || SENDS.has(name) || /^d\w*$/.test(name) || this.#strange.has(name)) break;
        this.#strange.add(name);
        this.#leave(command, `\\${name} is no command of psql that is known`);
    }
    return end;
  }

  #conditional({ name, start, end, args: [condition] }: MetaCommand): void {
    this.#commands.push({ start, end });
    if (name === 'if') {
      const outside = this.#skippedFrom === null;
      const taken = outside ? booleanOf(condition) : false;
      this.#branches.push({ outside, taken });
      this.#turn(start, end, taken !== false);
      return;
    }
    const branch = this.#branches.at(-1);
    if (branch === undefined) return this.#blank({ start, end });
    if (name === 'endif') {
      this.#branches.pop();
      this.#turn(start, end, branch.outside);
      return;
    }
    const holds = name === 'else' ? true : booleanOf(condition);
    const active = branch.outside && branch.taken !== true && holds !== false;
    if (branch.taken !== true) branch.taken = branch.taken === null || holds === null ? null : holds;
    this.#turn(start, end, active);
  }

  /** What comes after a command for conditions is run, or is not. */
  #turn(start: number, end: number, active: boolean): void {
    if (!active) {
      this.#skippedFrom ??= start;
      return;
    }
    this.#blank({ start: this.#skippedFrom ?? start, end });
    this.#skippedFrom = null;
  }

  #isCertain(): boolean {
    return this.#branches.every(({ taken }) => taken !== null);
  }

  /** The client reads or writes the file; of the table, the server takes what COPY takes. */
  #clientCopy({ start, end, rest }: MetaCommand): number {
    const copy = { start, end: rest.start };
    this.#commands.push(copy);
    const known = { kind: 'text', names: [], certain: true, fallback: null, within: '' } as const;
    const first = this.#placeholders.length;
    this.#placeholders.push({ ...known, ...copy, value: 'COPY' });
    for (let at = rest.start; at < end;) {
      const found = readAt(this.#text, at, (tag, from) => this.#text.indexOf(tag, from));
      at = Math.max(at + 1, found.kind === 'backslash' ? found.end : this.#token(found));
    }
    const file = /\b(from|to)\s+([^\s'"(;][^\s;]*)/i;
    const match = file.exec(this.#text.slice(rest.start, end));
    const named = match?.[2] ?? '';
    if (match !== null && named !== '' && !/^(?:stdin|stdout|program)$/i.test(named)) {
      const to = rest.start + match.index + match[0].length;
      const value = /^to$/i.test(match[1] ?? '') ? 'stdout' : 'stdin';
      this.#placeholders.push({ ...known, start: to - named.length, end: to, value });
    }
    this.#placeholders.push(...this.#placeholders.splice(first).sort((one, other) => one.start - other.start));
    if (end < this.#text.length) this.#cuts.push({ start: end, end: end + 1, value: ';' });
    this.#statementStart = null;
    return named.toLowerCase() === 'stdin' ? this.#copyData(end) : Math.min(end + 1, this.#text.length);
  }

  #leave({ start, end }: Range, reason: string): void {
    this.#unread.push({ range: { start, end: endOfText(this.#text, start, end) }, reason, anchor: start });
  }

  #blank({ start, end }: Range, first = ''): void {
    const value = first + this.#text.slice(start + first.length, end).replaceAll(/[^\r\n]/g, ' ');
    this.#cuts.push({ start, end, value });
  }

  #isCut(offset: number): boolean {
    let low = 0;
    let high = this.#cuts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#cuts[middle]?.end ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    return (this.#cuts[low]?.start ?? Infinity) <= offset;
  }
}

function endOfText(text: string, start: number, end: number): number {
  return start + text.slice(start, end).trimEnd().length;
}

function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}

/** What stands for text is a word there, what stands for none is blank. */
function masked(sql: string, placeholders: readonly Fillable[]): string {
  const hidden = placeholders.filter(({ certain, kind }) => certain || kind === 'partial');
  return replaced(
    sql,
    hidden.map(({ start, end, kind }) => {
      if (kind === 'text') return { start, end, value: 'x'.repeat(end - start) };
      return { start, end, value: sql.slice(start, end).replaceAll(/[^\r\n]/g, ' ') };
    }),
  ).text;
}
