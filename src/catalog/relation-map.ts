import type { Relation, View } from './catalog.ts';
import { NameMap } from './name-map.ts';

/** Relations by `schema.name`, and the views among them: most histories have few, and much is asked about who reads a table. */
export class RelationMap extends NameMap<Relation> {
  readonly views = new Map<string, View>();

  override set(name: string, relation: Relation): this {
    if (relation.kind === 'view' || relation.kind === 'materialized-view') this.views.set(name, relation);
    else this.views.delete(name);
    return super.set(name, relation);
  }

  override delete(name: string): boolean {
    this.views.delete(name);
    return super.delete(name);
  }

  override clear(): void {
    this.views.clear();
    super.clear();
  }
}
