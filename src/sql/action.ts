/**
 * What a statement does, in our own small terms. The parser's tree is lowered into these once, and everything else
 * (catalog, effects, rules, runner) reads only these.
 */

/** A possibly schema-qualified name, exactly as PostgreSQL folds it: unquoted names are lower-case already. */
export interface Name {
  readonly schema: string | null;
  readonly name: string;
}

/** A call as it is written; an argument that is not a constant is null. */
export interface FunctionCall extends Name {
  readonly arguments: readonly (string | null)[];
}

/** A function as DROP and ALTER name it; `null` arguments fit any. */
export interface Signature {
  readonly name: Name;
  readonly arguments: readonly TypeName[] | null;
}

export interface Parameter {
  readonly name: string | null;
  readonly type: TypeName;
  readonly mode: 'in' | 'inout' | 'out' | 'variadic' | 'table';
  readonly hasDefault: boolean;
}

/** The body of a function in SQL. */
export interface SqlBody {
  readonly actions: readonly Action[];
  /** When all that it does is to return the value of one expression. */
  readonly returned: Expression | null;
}

/** A table as FROM, LOCK or TRUNCATE names it. */
export interface Target extends Name {
  /** ONLY: without its partitions or children. */
  readonly only: boolean;
}

/** A relation that a query reads. */
export interface Read extends Target {
  /** By FOR UPDATE or its kin. */
  readonly locksRows: boolean;
  /** It stands in the FROM of the query itself, and not in one of WITH or of an expression. */
  readonly inFrom: boolean;
  /** Columns of it that are or may be named; null for all. */
  readonly columns: readonly string[] | null;
}

/** A relation that a query writes. */
export interface Write extends Target {
  readonly command: 'insert' | 'update' | 'delete' | 'merge';
}

/** REPLICA IDENTITY of a table. */
export type ReplicaIdentity = 'default' | 'full' | 'nothing' | { readonly index: string };

/** What a publication sends. */
export interface PublicationContent {
  readonly allTables: boolean;
  readonly tables: readonly PublishedTable[];
  /** TABLES IN SCHEMA; null for CURRENT_SCHEMA. */
  readonly schemas: readonly (string | null)[];
}

export interface PublishedTable extends Target {
  /** null for all, those of later too */
  readonly columns: readonly string[] | null;
  /** WHERE lets only some rows through. */
  readonly filtered: boolean;
}

export interface ColumnName {
  readonly table: Name;
  readonly column: string;
}

/** A type as written: `numeric(10,2)[]` is { name: 'numeric', modifiers: [10, 2], array: true }. */
export interface TypeName {
  /** `null` schema and PostgreSQL's own spelling: `int4`, `varchar`, `timestamptz`; a user type keeps its schema. */
  readonly schema: string | null;
  readonly name: string;
  /** Numbers, or the words of an extension's type; an interval's first one is the mask of its fields, as in `interval day to second(3)`. */
  readonly modifiers: readonly (number | string)[];
  readonly array: boolean;
}

/** `'2021-01-01'::date` has the text 2021-01-01. */
export interface Constant {
  readonly kind: 'string' | 'number' | 'boolean' | 'null';
  readonly text: string;
  readonly cast: TypeName | null;
}

export type Comparison = '<' | '<=' | '=' | '<>' | '>=' | '>';

/** What an expression says of columns when it is true. `unread` may say anything. */
export type Condition =
  | { readonly kind: 'and' | 'or'; readonly of: readonly Condition[] }
  | { readonly kind: 'is-null' | 'is-not-null'; readonly column: string }
  | { readonly kind: 'compare'; readonly column: string; readonly operator: Comparison; readonly value: Constant }
  | { readonly kind: 'unread' };

/** One end of a range partition, column by column. */
export type RangeEnd = readonly (Constant | 'minvalue' | 'maxvalue' | 'unread')[];

/** FOR VALUES …, or DEFAULT. */
export type PartitionBound =
  | { readonly kind: 'default' | 'hash' }
  | { readonly kind: 'list'; readonly values: readonly (Constant | 'unread')[] }
  | { readonly kind: 'range'; readonly from: RangeEnd; readonly to: RangeEnd };

export interface PartitionKey {
  readonly strategy: 'range' | 'list' | 'hash';
  /** null for an expression */
  readonly columns: readonly (string | null)[];
}

/** What LIKE copies beside names, types and NOT NULL. */
export interface LikeClause {
  readonly table: Name;
  readonly including: readonly LikeOption[];
}

export type LikeOption = 'constraints' | 'defaults' | 'generated' | 'identity' | 'indexes' | 'statistics';

/** What the layers above need to know of an expression. */
export interface Expression {
  /** Functions called, operators and casts left out. */
  readonly functions: readonly FunctionCall[];
  readonly columns: readonly string[];
  readonly condition: Condition;
  /** The column, when the expression is `column` or `column::type`, with the types in the order of the casts. */
  readonly bareColumn: { readonly column: string; readonly casts: readonly TypeName[] } | null;
  /** `NULL`, also with a cast. */
  readonly isNull: boolean;
  /** CURRENT_TIMESTAMP and its kin, which are no function calls. */
  readonly isClock: boolean;
  /** Relations read in subqueries. */
  readonly reads: readonly Read[];
}

export interface ColumnDef {
  readonly name: string;
  readonly type: TypeName;
  readonly notNull: boolean;
  readonly default: Expression | null;
  readonly identity: 'always' | 'by-default' | null;
  readonly generated: { readonly kind: 'stored' | 'virtual'; readonly expression: Expression } | null;
  readonly collation: string | null;
  /** Constraints written beside the column, with the column filled in. */
  readonly constraints: readonly ConstraintDef[];
}

interface ConstraintBase {
  readonly name: string | null;
  /** False for NOT VALID. */
  readonly validated: boolean;
  /** False for NOT ENFORCED. */
  readonly enforced: boolean;
  readonly deferrable: boolean;
}

export type ConstraintDef =
  | (ConstraintBase & { readonly kind: 'check'; readonly expression: Expression; readonly noInherit: boolean })
  | (ConstraintBase & { readonly kind: 'not-null'; readonly column: string; readonly noInherit: boolean })
  | (ConstraintBase & {
      readonly kind: 'unique' | 'primary-key';
      readonly columns: readonly string[];
      /** ADD CONSTRAINT … USING INDEX name */
      readonly usingIndex: string | null;
    })
  | (ConstraintBase & {
      readonly kind: 'exclude';
      readonly columns: readonly string[];
      /** Of which PostgreSQL makes its name when it has none. */
      readonly nameParts: readonly string[];
      /** Columns that its expressions and its predicate use. */
      readonly computedFrom: readonly string[];
    })
  | (ConstraintBase & {
      readonly kind: 'foreign-key';
      readonly columns: readonly string[];
      readonly references: Name;
      readonly referencedColumns: readonly string[];
      /** ON DELETE CASCADE, SET NULL or SET DEFAULT: a DELETE of what it points to writes here. */
      readonly deleteWrites: boolean;
    });

export type AlterCommand =
  | { readonly kind: 'add-column'; readonly column: ColumnDef; readonly ifNotExists: boolean }
  | { readonly kind: 'drop-column'; readonly column: string; readonly ifExists: boolean; readonly cascade: boolean }
  | {
      readonly kind: 'set-type';
      readonly column: string;
      readonly type: TypeName;
      readonly using: Expression | null;
      readonly collation: string | null;
    }
  | { readonly kind: 'set-not-null'; readonly column: string }
  | { readonly kind: 'drop-not-null'; readonly column: string }
  | { readonly kind: 'set-default'; readonly column: string; readonly default: Expression }
  | { readonly kind: 'drop-default'; readonly column: string }
  | { readonly kind: 'set-expression'; readonly column: string; readonly expression: Expression }
  | { readonly kind: 'drop-expression'; readonly column: string }
  | { readonly kind: 'add-identity'; readonly column: string; readonly identity: 'always' | 'by-default' }
  | { readonly kind: 'set-identity' | 'drop-identity'; readonly column: string }
  | { readonly kind: 'set-statistics' | 'set-column-options'; readonly column: string }
  | { readonly kind: 'set-storage' | 'set-compression'; readonly column: string }
  | { readonly kind: 'add-constraint'; readonly constraint: ConstraintDef }
  | { readonly kind: 'drop-constraint'; readonly name: string; readonly ifExists: boolean; readonly cascade: boolean }
  | { readonly kind: 'validate-constraint'; readonly name: string }
  | {
      readonly kind: 'alter-constraint';
      readonly name: string;
      readonly enforced: boolean | null;
      readonly deferrable: boolean | null;
    }
  | { readonly kind: 'set-logged' | 'set-unlogged' }
  /** null for DEFAULT */
  | { readonly kind: 'set-access-method'; readonly to: string | null }
  | { readonly kind: 'set-tablespace'; readonly to: string }
  | { readonly kind: 'set-options'; readonly options: readonly string[] }
  /** null for SET WITHOUT CLUSTER */
  | { readonly kind: 'set-cluster'; readonly index: string | null }
  /** null for ALL and USER */
  | { readonly kind: 'set-trigger'; readonly name: string | null }
  | { readonly kind: 'set-row-security'; readonly mode: 'enable' | 'disable' | 'force' | 'no-force' }
  | { readonly kind: 'set-without-oids' }
  | { readonly kind: 'set-replica-identity'; readonly to: ReplicaIdentity }
  | { readonly kind: 'set-rule' | 'set-owner' | 'set-of-type' }
  | { readonly kind: 'inherit' | 'no-inherit'; readonly parent: Name }
  | { readonly kind: 'attach-partition'; readonly partition: Name; readonly bound: PartitionBound }
  | {
      readonly kind: 'detach-partition';
      readonly partition: Name;
      readonly mode: 'plain' | 'concurrently' | 'finalize';
    }
  /** A subcommand that is not modelled; effects treat it as the strongest lock and say so. */
  | { readonly kind: 'unknown'; readonly node: string };

export type RelationKind = 'table' | 'view' | 'materialized-view' | 'index' | 'sequence' | 'foreign-table';

export type Action =
  | {
      readonly kind: 'create-table';
      readonly name: Name;
      readonly ifNotExists: boolean;
      readonly persistence: 'permanent' | 'unlogged' | 'temporary';
      readonly onCommitDrop: boolean;
      readonly columns: readonly ColumnDef[];
      readonly constraints: readonly ConstraintDef[];
      readonly inherits: readonly Name[];
      readonly like: readonly LikeClause[];
      readonly partitionBy: PartitionKey | null;
      readonly partitionOf: { readonly parent: Name; readonly bound: PartitionBound } | null;
      /** CREATE TABLE … OF a composite type. */
      readonly ofType: TypeName | null;
      readonly accessMethod: string | null;
      readonly tablespace: string | null;
      readonly foreign: boolean;
    }
  /** CREATE TABLE AS, SELECT INTO and CREATE MATERIALIZED VIEW. */
  | {
      readonly kind: 'create-table-as';
      readonly name: Name;
      readonly ifNotExists: boolean;
      readonly relationKind: 'table' | 'materialized-view';
      readonly persistence: 'permanent' | 'unlogged' | 'temporary';
      readonly onCommitDrop: boolean;
      readonly reads: readonly Read[];
      readonly functions: readonly FunctionCall[];
      /** False for WITH NO DATA: the query is not run. */
      readonly withData: boolean;
    }
  | {
      readonly kind: 'create-view';
      readonly name: Name;
      readonly orReplace: boolean;
      readonly temporary: boolean;
      readonly reads: readonly Read[];
      readonly functions: readonly FunctionCall[];
      /** The relation in FROM, where there is one only: what is written to the view is written there. */
      readonly base: Name | null;
    }
  | {
      readonly kind: 'create-sequence';
      readonly name: Name;
      readonly ifNotExists: boolean;
      readonly ownedBy: ColumnName | null;
    }
  | {
      readonly kind: 'alter-sequence';
      readonly name: Name;
      readonly ifExists: boolean;
      readonly ownedBy: ColumnName | null;
    }
  | {
      readonly kind: 'create-index';
      readonly name: string | null;
      readonly table: Name;
      readonly concurrently: boolean;
      readonly ifNotExists: boolean;
      readonly unique: boolean;
      /** CREATE INDEX ON ONLY parent */
      readonly only: boolean;
      readonly method: string;
      /** Of which PostgreSQL makes its name when it has none. */
      readonly nameParts: readonly string[];
      /** null for an expression */
      readonly columns: readonly (string | null)[];
      readonly expressions: readonly Expression[];
      readonly where: Expression | null;
      /** Of columns alone, all rows, and without operator class, collation, order, storage parameters and INCLUDE. */
      readonly plain: boolean;
    }
  | {
      readonly kind: 'alter-table';
      readonly relationKind: RelationKind;
      readonly name: Name;
      readonly ifExists: boolean;
      readonly only: boolean;
      readonly commands: readonly AlterCommand[];
    }
  | {
      readonly kind: 'rename';
      readonly what: RelationKind | 'column' | 'constraint' | 'trigger' | 'policy' | 'rule';
      readonly relation: Name;
      readonly from: string;
      readonly to: string;
      readonly ifExists: boolean;
    }
  | {
      readonly kind: 'set-schema';
      readonly relationKind: RelationKind;
      readonly relation: Name;
      readonly schema: string;
    }
  | {
      readonly kind: 'drop-relation';
      readonly relationKind: RelationKind;
      readonly names: readonly Name[];
      readonly ifExists: boolean;
      readonly cascade: boolean;
      readonly concurrently: boolean;
    }
  | {
      readonly kind: 'create-trigger';
      readonly name: string;
      readonly table: Name;
      readonly orReplace: boolean;
      readonly forEachRow: boolean;
      readonly calls: Name;
      /** The other table of a constraint trigger. */
      readonly from: Name | null;
    }
  | {
      readonly kind: 'create-rule';
      readonly name: string;
      readonly table: Name;
      readonly on: 'select' | 'insert' | 'update' | 'delete';
      readonly instead: boolean;
      readonly reads: readonly Read[];
      readonly writes: readonly Write[];
      readonly functions: readonly FunctionCall[];
    }
  | {
      readonly kind: 'create-policy' | 'alter-policy';
      readonly name: string;
      readonly table: Name;
      readonly reads: readonly Read[];
      readonly functions: readonly FunctionCall[];
    }
  | {
      readonly kind: 'drop-table-object';
      readonly what: 'trigger' | 'policy' | 'rule';
      readonly table: Name;
      readonly name: string;
      readonly ifExists: boolean;
    }
  /** ALTER … DEPENDS ON EXTENSION of what belongs to a relation. */
  | { readonly kind: 'depends-on-extension'; readonly what: 'relation' | 'trigger'; readonly relation: Name }
  | {
      readonly kind: 'reindex';
      /** `system` is the system catalogs alone. */
      readonly target: 'index' | 'table' | 'schema' | 'database' | 'system';
      /** The index or table. */
      readonly name: Name | null;
      readonly schema: string | null;
      readonly concurrently: boolean;
    }
  | { readonly kind: 'cluster'; readonly table: Name | null }
  /** No tables are all tables. */
  | {
      readonly kind: 'vacuum';
      readonly tables: readonly Target[];
      readonly full: boolean;
      readonly analyze: boolean;
    }
  | { readonly kind: 'analyze'; readonly tables: readonly Target[] }
  | {
      readonly kind: 'refresh-materialized-view';
      readonly name: Name;
      readonly concurrently: boolean;
      readonly withData: boolean;
    }
  | {
      readonly kind: 'truncate';
      readonly tables: readonly Target[];
      readonly cascade: boolean;
      readonly restartIdentity: boolean;
    }
  | {
      readonly kind: 'lock-table';
      readonly tables: readonly Target[];
      /** 1 (AccessShareLock) to 8 (AccessExclusiveLock), as in lockdefs.h */
      readonly mode: number;
    }
  | {
      readonly kind: 'comment';
      /** The relation, or the one that what is commented on belongs to. */
      readonly on: 'relation' | 'column' | 'part' | 'other';
      readonly relation: Name | null;
    }
  | {
      readonly kind: 'dml';
      readonly command: 'insert' | 'update' | 'delete' | 'merge' | 'copy-from';
      readonly table: Target;
      readonly alias: string | null;
      readonly assigns: readonly string[];
      readonly reads: readonly Read[];
      /** What its data-modifying WITH queries write. */
      readonly writes: readonly Write[];
      readonly hasWhere: boolean;
      /** INSERT … VALUES */
      readonly values: boolean;
      /** Relations whose rows come in one by one: those of FROM, USING and WITH. */
      readonly sources: readonly Name[];
      /** Columns that WHERE, or that of INSERT … SELECT, sets equal to constants. */
      readonly pinned: readonly string[];
      readonly functions: readonly FunctionCall[];
    }
  | {
      readonly kind: 'select';
      readonly reads: readonly Read[];
      readonly functions: readonly FunctionCall[];
    }
  | {
      readonly kind: 'create-schema';
      readonly name: string;
      readonly ifNotExists: boolean;
      /** What it makes in the new schema. */
      readonly elements: readonly Action[];
    }
  | {
      readonly kind: 'drop-schema';
      readonly names: readonly string[];
      readonly ifExists: boolean;
      readonly cascade: boolean;
    }
  | { readonly kind: 'rename-schema'; readonly from: string; readonly to: string }
  | {
      readonly kind: 'create-function';
      readonly name: Name;
      readonly orReplace: boolean;
      readonly language: string;
      readonly volatility: 'immutable' | 'stable' | 'volatile';
      readonly parameters: readonly Parameter[];
      readonly returns: 'procedure' | 'trigger' | 'void' | 'set' | 'value';
      readonly strict: boolean;
      readonly securityDefiner: boolean;
      /** With SET clauses of its own. */
      readonly configured: boolean;
      readonly body: string | null;
      /** BEGIN ATOMIC … END or RETURN, which are parsed with the statement. */
      readonly standardBody: SqlBody | null;
    }
  | {
      readonly kind: 'alter-function';
      readonly function: Signature;
      readonly change: {
        readonly volatility?: 'immutable' | 'stable' | 'volatile';
        readonly name?: string;
        readonly schema?: string;
        readonly strict?: boolean;
        readonly securityDefiner?: boolean;
        readonly configured?: boolean;
      };
    }
  | { readonly kind: 'drop-function'; readonly functions: readonly Signature[]; readonly cascade: boolean }
  | { readonly kind: 'call'; readonly call: FunctionCall }
  | { readonly kind: 'prepare'; readonly name: string; readonly action: Action }
  | { readonly kind: 'execute'; readonly name: string }
  | { readonly kind: 'deallocate'; readonly name: string | null }
  | { readonly kind: 'explain'; readonly action: Action; readonly analyze: boolean }
  | {
      readonly kind: 'create-domain';
      readonly name: Name;
      readonly base: TypeName;
      readonly notNull: boolean;
      /** Their names; null for one that PostgreSQL names. */
      readonly checks: readonly (string | null)[];
    }
  | {
      readonly kind: 'alter-domain';
      readonly name: Name;
      readonly command:
        | 'add-constraint'
        | 'add-constraint-not-valid'
        | 'validate-constraint'
        | 'drop-constraint'
        | 'set-not-null'
        | 'drop-not-null'
        | 'set-default';
      readonly constraint: string | null;
    }
  | { readonly kind: 'create-enum'; readonly name: Name; readonly values: readonly string[] }
  | {
      readonly kind: 'alter-enum';
      readonly name: Name;
      readonly command: 'add-value';
      readonly value: string;
      readonly ifNotExists: boolean;
      /** BEFORE or AFTER another value; without, it comes last. */
      readonly beside: { readonly value: string; readonly after: boolean } | null;
    }
  | {
      readonly kind: 'alter-enum';
      readonly name: Name;
      readonly command: 'rename-value';
      /** The new one. */
      readonly value: string;
      readonly from: string;
    }
  | {
      readonly kind: 'create-composite';
      readonly name: Name;
      readonly attributes: readonly { readonly name: string; readonly type: TypeName }[];
    }
  | {
      readonly kind: 'alter-composite';
      readonly name: Name;
      readonly commands: readonly {
        readonly kind: 'add' | 'drop' | 'set-type';
        readonly attribute: string;
        readonly type: TypeName | null;
        /** Tables of the type change with it. */
        readonly cascade: boolean;
      }[];
    }
  | { readonly kind: 'create-range'; readonly name: Name; readonly subtype: TypeName | null }
  /** RENAME TO and SET SCHEMA of a type or domain. */
  | {
      readonly kind: 'change-type';
      readonly name: Name;
      readonly to: { readonly name: string } | { readonly schema: string };
    }
  /** Of types and domains. */
  | {
      readonly kind: 'drop-type';
      readonly names: readonly Name[];
      readonly ifExists: boolean;
      readonly cascade: boolean;
    }
  /** GRANT and REVOKE on relations. */
  | { readonly kind: 'grant'; readonly relations: readonly Name[] }
  | {
      readonly kind: 'create-publication';
      readonly name: string;
      readonly content: PublicationContent;
      /** False where `publish` names neither update nor delete; null where it is not set. */
      readonly sendsChanges: boolean | null;
    }
  | {
      readonly kind: 'alter-publication';
      readonly name: string;
      readonly command: 'add' | 'drop' | 'set' | 'options';
      readonly content: PublicationContent;
      readonly sendsChanges: boolean | null;
    }
  | { readonly kind: 'rename-publication'; readonly from: string; readonly to: string }
  | { readonly kind: 'drop-publication'; readonly names: readonly string[] }
  | { readonly kind: 'create-statistics'; readonly name: Name | null; readonly tables: readonly Name[] }
  | { readonly kind: 'drop-statistics'; readonly names: readonly Name[] }
  | {
      readonly kind: 'create-extension';
      readonly name: string;
      /** null for the one that the server takes by default */
      readonly version: string | null;
    }
  /** Creates, changes or drops something that locks no relation: roles, casts, operators, … */
  | { readonly kind: 'no-relation' }
  /** Locks no relation, and PostgreSQL refuses it inside a transaction block: CREATE DATABASE, ALTER SYSTEM, … */
  | {
      readonly kind: 'runs-alone';
      /** What it creates or drops, if anything. */
      readonly object: {
        readonly type: 'database' | 'tablespace' | 'subscription';
        readonly name: string;
        readonly command: 'create' | 'drop';
      } | null;
      /** Whether running it twice is the same as once. */
      readonly repeatable: boolean;
    }
  | {
      readonly kind: 'set';
      readonly name: string;
      /** null for RESET and SET … TO DEFAULT; a list as PostgreSQL keeps it, quoted where it must be */
      readonly value: string | null;
      readonly local: boolean;
    }
  /** DISCARD ALL, or parts of what a session holds. */
  | { readonly kind: 'discard'; readonly what: 'all' | 'temporary-tables' | 'other' }
  | {
      readonly kind: 'transaction';
      readonly command: 'begin' | 'commit' | 'rollback' | 'savepoint' | 'release' | 'rollback-to' | 'prepare' | 'other';
      readonly savepoint: string | null;
      /** AND CHAIN: the next transaction begins at once. */
      readonly chain: boolean;
    }
  | { readonly kind: 'do'; readonly language: string; readonly body: string }
  /** Something that is not modelled; effects say so and assume the strongest plausible lock on `relations`. */
  | { readonly kind: 'unknown'; readonly node: string; readonly relations: readonly Name[] };

export type ActionKind = Action['kind'];
export type ActionOf<K extends ActionKind> = Extract<Action, { kind: K }>;
