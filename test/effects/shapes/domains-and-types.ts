import type { Shapes } from './shape.ts';

/** Domains, enums and composite types. */
export const DOMAINS_AND_TYPES: Shapes = [
  'ALTER DOMAIN positive ADD CHECK (VALUE < 100)',
  'ALTER DOMAIN positive ADD CONSTRAINT small CHECK (VALUE < 100) NOT VALID',
  'ALTER DOMAIN positive SET NOT NULL',
  "ALTER TYPE mood ADD VALUE 'so so'",
  "ALTER TYPE mood RENAME VALUE 'bad' TO 'awful'",
  'CREATE DOMAIN short AS text CHECK (length(VALUE) < 5)',
];
