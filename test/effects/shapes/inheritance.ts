import type { Shapes } from './shape.ts';

/** Tables that inherit. */
export const INHERITANCE: Shapes = [
  'ALTER TABLE animals ADD COLUMN c int',
  'ALTER TABLE animals ADD CONSTRAINT u UNIQUE (name)',
  'ALTER TABLE animals ADD CONSTRAINT named CHECK (name IS NOT NULL) NO INHERIT',
  'LOCK TABLE animals',
  'ALTER TABLE cats INHERIT animals',
  'ALTER TABLE dogs NO INHERIT animals',
  'DROP TABLE bare, cats',
  'CREATE TABLE puppies (age int) INHERITS (animals)',
  'ALTER TABLE animals ADD CONSTRAINT p PRIMARY KEY (name)',
  {
    sql: 'ALTER TABLE animals ADD CONSTRAINT p PRIMARY KEY (name)',
    before: 'ALTER TABLE animals ALTER name SET NOT NULL',
  },
  'ALTER TABLE animals ADD EXCLUDE USING btree (name WITH =)',
  { sql: 'ALTER TABLE animals ALTER name SET NOT NULL', before: 'ALTER TABLE animals ALTER name SET NOT NULL' },
  {
    sql: 'ALTER TABLE animals RENAME CONSTRAINT k TO l',
    before: 'ALTER TABLE animals ADD CONSTRAINT k CHECK (name IS NOT NULL)',
  },
  'ALTER TABLE animals ALTER name SET (n_distinct = 5)',
  'ALTER TABLE animals ALTER name SET STATISTICS 5',
  {
    sql: 'ALTER TABLE animals ALTER id ADD GENERATED ALWAYS AS IDENTITY',
    before: 'ALTER TABLE animals ADD COLUMN id int NOT NULL DEFAULT 1; ALTER TABLE animals ALTER id DROP DEFAULT',
  },
  { sql: 'CREATE TABLE tagged (name text REFERENCES animals (name))', before: 'ALTER TABLE animals ADD UNIQUE (name)' },
  {
    sql: 'DROP TABLE tagged',
    before: 'ALTER TABLE animals ADD UNIQUE (name); CREATE TABLE tagged (name text REFERENCES animals (name))',
  },
];
