import * as v from 'valibot';
import { checks } from '../audit/all-checks.ts';
import type { Ignored, Severities } from '../audit/audit.ts';
import type { AuditSettings } from '../audit/check.ts';
import { parseBytes } from '../bytes.ts';
import { parseDuration } from '../duration.ts';

/** What a team decides about `tiptoe audit`. */
export interface AuditConfig {
  readonly severities: Severities;
  readonly ignore: readonly Ignored[];
  readonly settings: Partial<AuditSettings>;
}

const OBJECT = 'must be an object';
const LEVEL = v.picklist(['off', 'warning', 'error'], 'must be "off", "warning" or "error"');
const REASON = 'must say why';
const ENTRY = 'must be { "check": …, "object": …, "reason": … }';
const PERCENT = 'must be a number from 1 to 100';

/** `audit` in the config. */
export function auditSchema(): v.GenericSchema<Readonly<Record<string, unknown>>, AuditConfig> {
  return v.pipe(
    v.strictObject(
      {
        checks: v.exactOptional(
          described(
            'Severities of checks.',
            v.strictObject(
              Object.fromEntries(checks.map(({ name, docs }) => [name, v.exactOptional(described(docs.what, LEVEL))])),
              'must be severities by the names of checks',
            ),
          ),
        ),
        ignore: v.exactOptional(
          described(
            'What is accepted as it is.',
            v.array(
              v.strictObject(
                {
                  check: described(
                    'The name of a check.',
                    v.picklist(
                      checks.map(({ name }) => name),
                      'must be the name of a check (tiptoe audit --list)',
                    ),
                  ),
                  object: described(
                    'As the report names it, such as public.orders_total; * stands for any text.',
                    v.pipe(v.string('must be text'), v.minLength(1, 'must not be empty')),
                  ),
                  reason: described('Why.', v.pipe(v.string(REASON), v.regex(/\S/, REASON))),
                },
                ENTRY,
              ),
              'must be a list',
            ),
          ),
        ),
        longTransaction: v.exactOptional(durationText('Transactions that are open for longer.')),
        unusedAfter: v.exactOptional(
          durationText('For how long scans must have been counted before an index counts as unused.'),
        ),
        maxSlotWal: v.exactOptional(sizeText('WAL that a replication slot may hold.')),
        maxKeyPercent: v.exactOptional(
          described(
            'How much of the numbers of a key may be used.',
            v.pipe(v.number(PERCENT), v.minValue(1, PERCENT), v.maxValue(100, PERCENT)),
          ),
        ),
        minTableSize: v.exactOptional(
          sizeText('Smaller tables need no index for a foreign key, and no index of theirs is unused.'),
        ),
      },
      OBJECT,
    ),
    v.description('What tiptoe audit finds, and what it lets be.'),
    v.transform(
      ({
        checks: severities = {},
        ignore = [],
        longTransaction,
        unusedAfter,
        maxSlotWal,
        maxKeyPercent,
        minTableSize,
      }) => ({
        severities: severities as Severities,
        ignore,
        settings: {
          ...(longTransaction === undefined ? {} : { longTransactionMs: longTransaction }),
          ...(unusedAfter === undefined ? {} : { unusedAfterMs: unusedAfter }),
          ...(maxSlotWal === undefined ? {} : { maxSlotWalBytes: maxSlotWal }),
          ...(maxKeyPercent === undefined ? {} : { maxKeyPercent }),
          ...(minTableSize === undefined ? {} : { minTableBytes: minTableSize }),
        },
      }),
    ),
  );
}

function durationText(description: string): v.GenericSchema<string, number> {
  return read(description, parseDuration, 'must be a number and a unit, such as "5min" or "48h"');
}

function sizeText(description: string): v.GenericSchema<string, number> {
  return read(description, parseBytes, 'must be a number and a unit, such as "8MB" or "1GB"');
}

/** Text that stands for a number. What is read into something else has its description before that, where editors still see it. */
function read(
  description: string,
  parse: (text: string) => number | null,
  message: string,
): v.GenericSchema<string, number> {
  return v.pipe(
    v.string(message),
    v.description(description),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const value = parse(dataset.value);
      if (value !== null) return value;
      addIssue({ message });
      return NEVER;
    }),
  );
}

/** For editors. */
function described<Schema extends v.GenericSchema>(
  text: string,
  schema: Schema,
): v.SchemaWithPipe<readonly [Schema, v.DescriptionAction<v.InferOutput<Schema>, string>]> {
  return v.pipe(schema, v.description(text));
}
