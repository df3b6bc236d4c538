import { type Catalog, qualifiedName, type Relation } from '../catalog/catalog.ts';
import { codeOf, type Running } from '../catalog/code.ts';
import { foldStatement, landed } from '../catalog/fold.ts';
import type { Action } from '../sql/action.ts';
import type { Code, CodeStep } from '../sql/code.ts';
import { hasPlaceholder } from '../sql/dynamic-sql.ts';
import { mergeEffects } from './collector.ts';
import type { Effect, Effects } from './effect.ts';

/** A statement, or one that its code runs, before it has changed the catalog. */
export interface Visited {
  readonly action: Action;
  readonly effects: Effects;
  /** Null for the statement itself. */
  readonly within: Within | null;
}

/** Where in code a statement stands. */
export interface Within {
  /** `the DO block`, `function public.f`. */
  readonly of: string;
  /** Counts from the first line of its body. */
  readonly line: number;
  readonly text: string;
  /** The step of the outermost code, where the statement itself is written; the same for all that a function does which it calls. */
  readonly outermost: CodeStep;
}

/**
 * What a statement does together with the code that it runs: all branches of it, in order, each statement judged by the schema that those
 * before it made. The catalog is brought to after the statement.
 */
export function runStatement(
  catalog: Catalog,
  statement: Action,
  judge: (action: Action) => Effects,
  visit: (visited: Visited) => void,
): Effects {
  const own = judge(statement);
  visit({ action: statement, effects: own, within: null });
  const running = codeOf(catalog, statement);
  if (running.length === 0) {
    foldStatement(catalog, statement);
    return own;
  }
  const union = new Union(catalog, own);
  // The same call again does nothing that it has not done, and a recursive one ends.
  const entered = new Set<Code>();
  const enter = (codes: readonly Running[], outer: Within | null): void => {
    for (const { of, code } of codes) {
      if (entered.has(code)) continue;
      entered.add(code);
      if (code.kind === 'unreadable')
        union.doubt(of === null ? code.reason : `${of} is not understood: ${code.reason}`);
      else {
        for (const step of code.steps) {
          const { line, text, action } = step;
          const within = of === null ? outer : { of, line, text, outermost: outer?.outermost ?? step };
          const effects = judge(action);
          union.step(step, effects, within);
          // What is not known before the run is said once, as not understood.
          if (step.unread === null && !effects.relations.some(isUnnamed) && matters(action, effects))
            visit({ action, effects, within });
          enter(codeOf(catalog, action, step.computes), within);
          const change = landed(step);
          if (change !== null) foldStatement(catalog, change);
        }
      }
    }
  };
  enter(running, null);
  foldStatement(catalog, statement);
  return union.result();
}

function matters({ kind }: Action, { relations, notUnderstood }: Effects): boolean {
  return kind !== 'select' || relations.length > 0 || notUnderstood !== null;
}

/** The effects of several statements as those of one, on what was there before it. */
class Union {
  readonly #catalog: Catalog;
  /** By the relation itself, which may get another name on the way. */
  readonly #namesBefore: ReadonlyMap<Relation, string>;
  readonly #effects = new Map<string, Effect>();
  readonly #doubts: string[] = [];

  constructor(catalog: Catalog, own: Effects) {
    this.#catalog = catalog;
    this.#namesBefore = new Map([...catalog.relations].map(([name, relation]) => [relation, name]));
    if (own.notUnderstood !== null) this.doubt(own.notUnderstood);
    for (const effect of own.relations) this.#add(effect);
  }

  step(
    { unread, action, text, certain }: CodeStep,
    { relations, notUnderstood }: Effects,
    within: Within | null,
  ): void {
    const place = within === null ? '' : `: line ${within.line} of ${within.of}`;
    if (unread !== null) this.doubt(`${unread}${place}: ${brief(text)}`);
    if (notUnderstood !== null) this.doubt(`${notUnderstood}${place}`);
    // It can be a foreign key, which locks another table.
    if (dropsUnnamed(action)) this.doubt(`EXECUTE names the constraint at run time${place}: ${brief(text)}`);
    const asked = !certain && (action.kind === 'dml' || action.kind === 'select');
    for (const judged of relations) {
      const effect = asked ? { ...judged, certain: null } : judged;
      const told =
        within === null ? effect : { ...effect, because: `${effect.because} (line ${within.line} of ${within.of})` };
      if (!isUnnamed(effect)) this.#add(told);
      else {
        this.#add({ ...told, relation: 'a table that is named at run time' });
        this.doubt(`EXECUTE names its table at run time${place}: ${brief(text)}`);
      }
    }
  }

  doubt(reason: string): void {
    if (!this.#doubts.includes(reason)) this.#doubts.push(reason);
  }

  result(): Effects {
    const [first, ...others] = this.#doubts;
    const more = others.length === 0 ? '' : ` (and ${others.length} more like it)`;
    return { relations: [...this.#effects.values()], notUnderstood: first === undefined ? null : `${first}${more}` };
  }

  #add(effect: Effect): void {
    const relation = this.#catalog.relations.get(effect.relation);
    const before = relation === undefined ? effect.relation : this.#namesBefore.get(relation);
    // Made by the statement itself.
    if (before === undefined && relation !== undefined && relation.file === this.#catalog.file && relation.file !== 0)
      return;
    const name = before ?? (relation === undefined ? effect.relation : qualifiedName(relation));
    const known = this.#effects.get(name);
    const named = { ...effect, relation: name };
    this.#effects.set(name, known === undefined ? named : mergeEffects(known, named));
  }
}

function isUnnamed({ relation }: Effect): boolean {
  return hasPlaceholder(relation);
}

function dropsUnnamed(action: Action): boolean {
  return (
    action.kind === 'alter-table' &&
    action.commands.some((command) => command.kind === 'drop-constraint' && hasPlaceholder(command.name))
  );
}

function brief(source: string): string {
  const flat = source.replaceAll(/\s+/g, ' ').trim();
  return flat.length > 80 ? `${flat.slice(0, 79)}…` : flat;
}
