import type { Action } from './action.ts';
import type { Code, CodeStep } from './code.ts';
import { constantText, evaluate, hole, text, type Value, type Variables } from './computed-text.ts';
import { hasPlaceholder, readDynamic } from './dynamic-sql.ts';
import { parse, parseCode, type Node } from './libpg.ts';
import { rowsOf } from './constant-rows.ts';
import { readsIn } from './lower/use.ts';
import { lowerStatement } from './lower/statement.ts';
import { walk } from './lower/walk.ts';

/**
 * Reads PL/pgSQL with PostgreSQL's own compiler: every statement that the code can come to, SQL in expressions and EXECUTE included.
 * `statement` is a DO block or a CREATE FUNCTION; `variables` are what is known of its arguments.
 */
export function readPlpgsql(statement: string, variables: Variables = new Map()): Code {
  const outcome = parseCode(statement);
  if ('message' in outcome) return { kind: 'unreadable', reason: `its code does not parse: ${outcome.message}` };
  const [compiled] = list(fields(outcome.tree)['plpgsql_funcs']);
  const { datums, action, aliases } = fields(fields(compiled)['PLpgSQL_function']);
  if (action === undefined) return { kind: 'unreadable', reason: 'its code does not parse' };
  const reader = new Reader(list(datums), variables);
  try {
    reader.aliases(list(aliases));
    reader.declarations(firstLine(action));
    reader.statements([action], true);
  } catch (error) {
    if (error instanceof TooLong) return { kind: 'unreadable', reason: error.message };
    if (error instanceof RangeError) return { kind: 'unreadable', reason: 'its code is nested too deeply' };
    throw error;
  }
  return { kind: 'read', steps: reader.steps, endsTransaction: reader.endsTransaction };
}

/** What loops over constants may unfold to. */
const MOST_STEPS = 5000;
const MOST_ROUNDS = 1000;

class TooLong extends Error {}

/** A node of the compiler's tree is an object with its type as the only key; zero, false and empty lists are left out. */
type Fields = Readonly<Record<string, unknown>>;

class Reader {
  readonly steps: CodeStep[] = [];
  endsTransaction = false;
  readonly #datums: readonly unknown[];
  #variables: Map<string, Value>;
  /** The queries of bound cursors, by the number of their variable. */
  readonly #cursors = new Map<number, Fields>();

  constructor(datums: readonly unknown[], variables: Variables) {
    this.#datums = datums;
    this.#variables = new Map(variables);
  }

  aliases(aliases: readonly unknown[]): void {
    for (const alias of aliases) {
      const { name, varno } = node(alias).fields;
      const value = this.#variables.get(word(node(this.#datums[count(varno)]).fields['refname']));
      if (value !== undefined) this.#set(word(name), value);
    }
  }

  /** What an inner block declares may be computed from what the statements before it assign. */
  declarations(begins: number): void {
    for (const [number, datum] of this.#datums.entries()) {
      const { refname, default_val, cursor_explicit_expr, lineno } = node(datum).fields;
      if (default_val !== undefined) {
        const expression = this.#expression(default_val, line(lineno), true);
        const known = line(lineno) <= begins ? this.#variables : new Map<string, Value>();
        this.#set(word(refname), expression === null ? null : evaluate(expression, known));
      }
      if (cursor_explicit_expr !== undefined) this.#cursors.set(number, fields(cursor_explicit_expr));
    }
  }

  statements(bodies: readonly unknown[], certain: boolean): void {
    for (const body of bodies) this.#statement(node(body), certain);
  }

  #statement({ type, fields: of }: { type: string; fields: Fields }, certain: boolean): void {
    const at = line(of['lineno']);
    switch (type) {
      case 'PLpgSQL_stmt_block':
        this.statements(list(of['body']), certain);
        for (const handler of list(fields(fields(of['exceptions'])['PLpgSQL_exception_block'])['exc_list']))
          this.#branch(() => this.statements(list(node(handler).fields['action']), false));
        break;
      case 'PLpgSQL_stmt_assign': {
        const { query } = fields(fields(of['expr'])['PLpgSQL_expr']);
        const [, target = '', source = ''] = /^([^:=]*):?=(.*)$/s.exec(word(query)) ?? [];
        const expression = this.#select(source, at, certain);
        this.#set(target.trim().toLowerCase(), expression === null ? null : evaluate(expression, this.#variables));
        break;
      }
      case 'PLpgSQL_stmt_if': {
        this.#expression(of['cond'], at, certain);
        const guard = certain && asksCatalog(of['cond']);
        this.#branch(() => this.statements(list(of['then_body']), guard));
        for (const elsif of list(of['elsif_list'])) {
          const { cond, stmts, lineno } = node(elsif).fields;
          this.#expression(cond, line(lineno), false);
          this.#branch(() => this.statements(list(stmts), false));
        }
        this.#branch(() => this.statements(list(of['else_body']), false));
        break;
      }
      case 'PLpgSQL_stmt_case':
        this.#expression(of['t_expr'], at, certain);
        for (const when of list(of['case_when_list'])) {
          const { expr, stmts } = node(when).fields;
          if (of['t_expr'] === undefined) this.#expression(expr, at, false);
          this.#branch(() => this.statements(list(stmts), false));
        }
        this.#branch(() => this.statements(list(of['else_stmts']), false));
        break;
      case 'PLpgSQL_stmt_loop':
      case 'PLpgSQL_stmt_while':
        this.#expression(of['cond'], at, certain);
        this.#loop(of, [], certain && type === 'PLpgSQL_stmt_loop');
        break;
      case 'PLpgSQL_stmt_fori':
        this.#numbers(of, at, certain);
        break;
      case 'PLpgSQL_stmt_fors': {
        const query = this.#query(of['query'], at, certain);
        this.#rounds(of, query === null ? null : rowsOf(query, this.#variables), certain);
        break;
      }
      case 'PLpgSQL_stmt_forc':
        this.#query(this.#cursors.get(count(of['curvar'])), at, certain);
        this.#rounds(of, null, certain);
        break;
      case 'PLpgSQL_stmt_dynfors':
        this.#execute(of['query'], at, certain);
        this.#rounds(of, null, certain);
        break;
      case 'PLpgSQL_stmt_foreach_a': {
        const expression = this.#expression(of['expr'], at, certain);
        const value = expression === null ? null : evaluate(expression, this.#variables);
        const name = word(node(this.#datums[count(of['varno'])]).fields['refname']);
        const known = value?.kind === 'array' && value.items.length <= MOST_ROUNDS;
        this.#each(of, name, known ? value.items : null, certain);
        break;
      }
      case 'PLpgSQL_stmt_execsql':
        this.#sql(word(fields(fields(of['sqlstmt'])['PLpgSQL_expr'])['query']), at, certain, of['into'] === true);
        this.#forget(of['target']);
        break;
      case 'PLpgSQL_stmt_perform':
      case 'PLpgSQL_stmt_call':
        this.#sql(word(fields(fields(of['expr'])['PLpgSQL_expr'])['query']), at, certain, false);
        break;
      case 'PLpgSQL_stmt_dynexecute':
        this.#execute(of['query'], at, certain);
        this.#forget(of['target']);
        break;
      case 'PLpgSQL_stmt_return_query':
      case 'PLpgSQL_stmt_open':
        if (of['query'] !== undefined) this.#query(of['query'], at, certain);
        if (of['dynquery'] !== undefined) this.#execute(of['dynquery'], at, certain);
        if (type === 'PLpgSQL_stmt_open') this.#query(this.#cursors.get(count(of['curvar'])), at, certain);
        break;
      case 'PLpgSQL_stmt_commit':
      case 'PLpgSQL_stmt_rollback':
        this.endsTransaction = true;
        break;
      case 'PLpgSQL_stmt_fetch':
        this.#forget(of['target']);
        break;
      case 'PLpgSQL_stmt_getdiag':
        for (const item of list(of['diag_items']))
          this.#set(word(node(this.#datums[count(node(item).fields['target'])]).fields['refname']), null);
        break;
      // RAISE, RETURN, EXIT, ASSERT: what they compute can read tables.
      default:
        this.#expression(of['expr'] ?? of['cond'], at, certain);
        for (const parameter of list(of['params'])) this.#expression(parameter, at, certain);
    }
  }

  /** What a branch assigns may or may not have been assigned after it. */
  #branch(read: () => void): void {
    const before = this.#variables;
    this.#variables = new Map(before);
    read();
    const after = this.#variables;
    this.#variables = new Map([...before].filter(([name, value]) => sameValue(after.get(name), value)));
  }

  /** In the second round a variable holds what the first one left there. */
  #loop(of: Fields, names: readonly string[], certain: boolean): void {
    const body = list(of['body']);
    for (const name of [...names, ...assigned(body, this.#datums)]) this.#set(name, null);
    this.#branch(() => this.statements(body, certain));
  }

  #each(of: Fields, name: string, values: readonly Value[] | null, certain: boolean): void {
    if (values === null) {
      this.#loop(of, [name], false);
      return;
    }
    for (const value of values) {
      this.#set(name, value);
      this.statements(list(of['body']), certain);
    }
    this.#set(name, null);
  }

  #numbers(of: Fields, at: number, certain: boolean): void {
    const bounds = [of['lower'], of['upper'], of['step']].map((bound) => {
      const expression = bound === undefined ? null : this.#expression(bound, at, certain);
      return bound === undefined
        ? '1'
        : constantText(expression === null ? undefined : evaluate(expression, this.#variables));
    });
    const [lower, upper, step] = bounds.map((bound) => (bound === null ? Number.NaN : Number(bound)));
    const name = word(node(of['var']).fields['refname']);
    const values: Value[] = [];
    if (lower !== undefined && upper !== undefined && step !== undefined && step > 0 && of['reverse'] !== true)
      for (let number = lower; number <= upper && values.length <= MOST_ROUNDS; number += step)
        values.push(text(String(number)));
    this.#each(of, name, values.length === 0 || values.length > MOST_ROUNDS ? null : values, certain);
  }

  /** A loop over rows; those of constants are known. */
  #rounds(of: Fields, rows: readonly ReadonlyMap<string, Value>[] | null, certain: boolean): void {
    const { type, fields: target } = node(of['var']);
    const names =
      type === 'PLpgSQL_row'
        ? list(target['fields']).map((field) => word(fields(field)['name']))
        : [word(target['refname'])];
    if (rows === null || rows.length > MOST_ROUNDS) {
      for (const known of this.#variables.keys())
        if (names.some((name) => known.startsWith(`${name}.`))) this.#variables.delete(known);
      this.#loop(of, names, false);
      return;
    }
    for (const row of rows) {
      const values = [...row];
      for (const [at, name] of names.entries()) {
        if (type === 'PLpgSQL_row' || type === 'PLpgSQL_var') this.#set(name, values[at]?.[1] ?? null);
        else for (const [field, value] of values) this.#set(`${name}.${field}`, value);
      }
      this.statements(list(of['body']), certain);
    }
  }

  #set(name: string, value: Value | null): void {
    if (value === null) this.#variables.delete(name);
    else this.#variables.set(name, value);
  }

  /** A statement's INTO. */
  #forget(target: unknown): void {
    if (target === undefined) return;
    const { refname, fields: parts } = node(target).fields;
    for (const name of [word(refname), ...list(parts).map((part) => word(fields(part)['name']))]) {
      this.#set(name, null);
      for (const known of this.#variables.keys()) if (known.startsWith(`${name}.`)) this.#variables.delete(known);
    }
  }

  /** An expression of the code; a step only when it can do more than compute. */
  #expression(expression: unknown, at: number, certain: boolean): Node | null {
    const { query } = fields(fields(expression)['PLpgSQL_expr']);
    return typeof query === 'string' ? this.#select(query, at, certain) : null;
  }

  #select(source: string, at: number, certain: boolean): Node | null {
    const outcome = parse(`SELECT ${source}`);
    const [raw] = outcome.ok ? outcome.stmts : [];
    if (raw?.stmt === undefined || !('SelectStmt' in raw.stmt)) return null;
    const { targetList = [] } = raw.stmt.SelectStmt;
    const { action } = lowerStatement(raw.stmt);
    if (action.kind === 'select' && (action.reads.length > 0 || action.functions.length > 0))
      this.#add({ line: at, text: source.trim(), action, unread: null, named: true, certain, computes: true });
    const [target] = targetList;
    return targetList.length === 1 && target !== undefined && 'ResTarget' in target
      ? (target.ResTarget.val ?? null)
      : null;
  }

  #query(expression: unknown, at: number, certain: boolean): Node | null {
    const own = fields(expression);
    const { query } = fields(own['PLpgSQL_expr'] ?? own);
    return typeof query === 'string' ? this.#sql(query, at, certain, true) : null;
  }

  #sql(sql: string, at: number, certain: boolean, computes: boolean): Node | null {
    const outcome = parse(sql);
    const [raw] = outcome.ok ? outcome.stmts : [];
    if (raw?.stmt === undefined) {
      this.#add({ ...UNREAD, line: at, text: sql, unread: 'is not read', certain });
      return null;
    }
    const { action } = lowerStatement(raw.stmt);
    this.#add({ line: at, text: sql, action, unread: null, named: true, certain, computes });
    return raw.stmt;
  }

  #execute(expression: unknown, at: number, certain: boolean): void {
    const source = word(fields(fields(expression)['PLpgSQL_expr'])['query']);
    const computed = this.#expression(expression, at, certain);
    const outcome = readDynamic(computed === null ? hole('value') : evaluate(computed, this.#variables));
    const found = { line: at, text: source, certain, computes: false };
    if (outcome.kind === 'unreadable') {
      const what = outcome.head === null ? '' : ` (${outcome.head} …)`;
      this.#add({ ...UNREAD, ...found, unread: `EXECUTE builds its SQL at run time${what}` });
      return;
    }
    for (const action of outcome.actions)
      this.#add({ ...found, action, unread: null, named: !hasPlaceholder(JSON.stringify(action)) });
  }

  #add(step: CodeStep): void {
    if (this.steps.length >= MOST_STEPS) throw new TooLong('its code runs more statements than are looked at');
    this.steps.push(step);
  }
}

const NOTHING: Action = { kind: 'no-relation' };
const UNREAD = { action: NOTHING, named: false, computes: false } as const;

/** Whether a condition asks only the system catalogs: what is there already. */
function asksCatalog(condition: unknown): boolean {
  const { query } = fields(fields(condition)['PLpgSQL_expr']);
  const outcome = parse(`SELECT ${word(query)}`);
  if (!outcome.ok) return false;
  const reads = readsIn(outcome.stmts);
  let asks = false;
  walk(outcome.stmts, (_type, inner) => {
    if ('FuncCall' in inner) asks ||= calledName(inner.FuncCall.funcname).startsWith('to_reg');
  });
  return reads.length === 0 ? asks : reads.every(isSystem);
}

function calledName(names: readonly Node[] | undefined): string {
  const last = names?.at(-1);
  return last !== undefined && 'String' in last ? (last.String.sval ?? '') : '';
}

function isSystem({ schema, name }: { schema: string | null; name: string }): boolean {
  return schema === null ? name.startsWith('pg_') : schema === 'pg_catalog' || schema === 'information_schema';
}

/** Where the outermost block with a line of its own begins; one with handlers stands in another without. */
function firstLine(block: unknown): number {
  const { lineno, body } = node(block).fields;
  const [inner] = list(body);
  return lineno === undefined && inner !== undefined ? firstLine(inner) : line(lineno);
}

/** The variables that statements assign, at any depth. */
function assigned(bodies: readonly unknown[], datums: readonly unknown[]): string[] {
  const names: string[] = [];
  walk(bodies, (type, wrapped) => {
    const of = fields(fields(wrapped)[type]);
    if (type === 'PLpgSQL_stmt_assign' || type === 'PLpgSQL_stmt_foreach_a')
      names.push(word(node(datums[count(of['varno'])]).fields['refname']));
    for (const target of [of['target'], of['var']]) {
      const { refname, fields: parts } = node(target).fields;
      names.push(word(refname), ...list(parts).map((part) => word(fields(part)['name'])));
    }
  });
  return names.filter((name) => name !== '');
}

function sameValue(a: Value | undefined, b: Value): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function node(value: unknown): { type: string; fields: Fields } {
  const [entry] = Object.entries(fields(value));
  return entry === undefined ? { type: '', fields: {} } : { type: entry[0], fields: fields(entry[1]) };
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function word(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function count(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

/** The compiler leaves out a line that it does not know. */
function line(value: unknown): number {
  return Math.max(1, count(value));
}
