import type { A_Expr, FuncCall, Node } from './libpg.ts';
import { strings } from './lower/name.ts';

/** A stretch of text that only the run of the code knows; `label` says where it comes from. */
export interface Hole {
  readonly label: string;
}

/** The value of an expression in code, as far as reading can tell. */
export type Value =
  | { readonly kind: 'text'; readonly pieces: readonly (string | Hole)[] }
  | { readonly kind: 'array'; readonly items: readonly Value[] };

/** Variables by name, `$1` and `record.field` too. What is not there is not known. */
export type Variables = ReadonlyMap<string, Value>;

/** Reads an expression that builds text: constants, `||`, format() and the quoting functions. */
export function evaluate(node: Node | undefined, variables: Variables): Value {
  if (node === undefined) return hole('value');
  if ('A_Const' in node) return constant(node.A_Const);
  if ('TypeCast' in node) return cast(evaluate(node.TypeCast.arg, variables), node.TypeCast.typeName?.arrayBounds);
  if ('A_ArrayExpr' in node)
    return { kind: 'array', items: (node.A_ArrayExpr.elements ?? []).map((item) => evaluate(item, variables)) };
  if ('ColumnRef' in node) {
    const parts = strings(node.ColumnRef.fields);
    return variables.get(parts.join('.')) ?? hole(parts.join('_'));
  }
  if ('ParamRef' in node) {
    const name = `$${node.ParamRef.number ?? 0}`;
    return variables.get(name) ?? hole(`argument_${node.ParamRef.number ?? 0}`);
  }
  if ('CoalesceExpr' in node) return evaluate(node.CoalesceExpr.args?.[0], variables);
  if ('A_Expr' in node) return operation(node.A_Expr, variables);
  if ('FuncCall' in node) return call(node.FuncCall, variables);
  return hole('value');
}

export function text(...pieces: (string | Hole)[]): Value {
  return { kind: 'text', pieces };
}

export function hole(label: string): Value {
  return text({ label });
}

/** The text, or null where a part of it is not known. */
export function constantText(value: Value | undefined): string | null {
  if (value?.kind !== 'text') return null;
  return value.pieces.every((piece) => typeof piece === 'string') ? value.pieces.join('') : null;
}

function piecesOf(value: Value): readonly (string | Hole)[] {
  return value.kind === 'text' ? value.pieces : [{ label: 'array' }];
}

function constant({ sval, ival, fval, boolval, isnull }: Extract<Node, { A_Const: unknown }>['A_Const']): Value {
  if (sval !== undefined) return text(sval.sval ?? '');
  if (fval !== undefined) return text(fval.fval ?? '');
  if (boolval !== undefined) return text(boolval.boolval === true ? 'true' : 'false');
  return isnull === true ? hole('null') : text(String(ival?.ival ?? 0));
}

/** `'{a,b}'::text[]` is an array; any other cast leaves the text as it is. */
function cast(value: Value, bounds: readonly Node[] | undefined): Value {
  if (bounds === undefined || value.kind === 'array') return value;
  const items = /^\{([^"\\{}]*)\}$/.exec(constantText(value) ?? '')?.[1];
  if (items === undefined) return value;
  return { kind: 'array', items: items === '' ? [] : items.split(',').map((item) => text(item.trim())) };
}

function operation({ name, kind, lexpr, rexpr }: A_Expr, variables: Variables): Value {
  const left = evaluate(lexpr, variables);
  const right = evaluate(rexpr, variables);
  const operator = strings(name).at(-1);
  if (kind !== 'AEXPR_OP') return hole('value');
  if (operator === '||') {
    if (left.kind === 'array' && right.kind === 'array')
      return { kind: 'array', items: [...left.items, ...right.items] };
    return text(...piecesOf(left), ...piecesOf(right));
  }
  const [a, b] = [constantText(left), constantText(right)];
  if (a === null || b === null || !/^-?\d{1,9}$/.test(a) || !/^-?\d{1,9}$/.test(b)) return hole('value');
  if (operator === '+') return text(String(Number(a) + Number(b)));
  if (operator === '-') return text(String(Number(a) - Number(b)));
  return operator === '*' ? text(String(Number(a) * Number(b))) : hole('value');
}

function call({ funcname, args = [], func_variadic }: FuncCall, variables: Variables): Value {
  const name = strings(funcname).at(-1) ?? '';
  const values = args.map((arg) => evaluate(arg, variables));
  const [first = hole(name), second] = values;
  if (func_variadic === true) return hole(name);
  switch (name) {
    case 'format':
      return format(first, values.slice(1));
    case 'concat':
      return text(...values.flatMap(piecesOf));
    case 'concat_ws':
      return text(
        ...values.slice(1).flatMap((value, at) => [...(at === 0 ? [] : piecesOf(first)), ...piecesOf(value)]),
      );
    case 'quote_ident':
      return identifier(first);
    case 'quote_literal':
    case 'quote_nullable':
      return literal(first);
    case 'lower':
    case 'upper':
    case 'btrim':
    case 'to_regclass':
    case 'regclass': {
      const value = constantText(first);
      if (value === null || second !== undefined) return piecesOf(first).length === 1 ? first : hole(name);
      return text(name === 'lower' ? value.toLowerCase() : name === 'upper' ? value.toUpperCase() : value.trim());
    }
    case 'lpad': {
      const [value, width, fill] = values.map((value) => constantText(value));
      return typeof value === 'string' && Number(width) < 64
        ? text(value.padStart(Number(width), fill ?? ' '))
        : hole(name);
    }
    case 'replace': {
      const [value, from, to] = values.map((value) => constantText(value));
      return typeof value === 'string' && typeof from === 'string' && typeof to === 'string' && from !== ''
        ? text(value.replaceAll(from, () => to))
        : hole(name);
    }
    default:
      return hole(name);
  }
}

/** https://www.postgresql.org/docs/current/functions-string.html#FUNCTIONS-STRING-FORMAT */
function format(template: Value, values: readonly Value[]): Value {
  const pieces: (string | Hole)[] = [];
  let next = 0;
  for (const piece of piecesOf(template)) {
    if (typeof piece !== 'string') {
      pieces.push(piece);
      continue;
    }
    let from = 0;
    for (const match of piece.matchAll(/%(?:(\d+)\$)?-?\d*([sIL%])/g)) {
      pieces.push(piece.slice(from, match.index));
      from = match.index + match[0].length;
      if (match[2] === '%') {
        pieces.push('%');
        continue;
      }
      const at = match[1] === undefined ? next : Number(match[1]) - 1;
      next = at + 1;
      const value = values[at] ?? hole('argument');
      pieces.push(...piecesOf(match[2] === 'I' ? identifier(value) : match[2] === 'L' ? literal(value) : value));
    }
    pieces.push(piece.slice(from));
  }
  return text(...pieces);
}

function identifier(value: Value): Value {
  const known = constantText(value);
  return known === null ? unquoted(value) : text(`"${known.replaceAll('"', '""')}"`);
}

function literal(value: Value): Value {
  const known = constantText(value);
  return known === null ? text(`'`, ...piecesOf(unquoted(value)), `'`) : text(`'${known.replaceAll(`'`, `''`)}'`);
}

/** A name of which a part is not known is not known. */
function unquoted(value: Value): Value {
  const labels = piecesOf(value).map((piece) => (typeof piece === 'string' ? piece : piece.label));
  return hole(labels.join('_'));
}
