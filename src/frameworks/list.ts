import { dbmate } from './dbmate.ts';
import { diesel } from './diesel.ts';
import { drizzle } from './drizzle.ts';
import { flyway } from './flyway.ts';
import type { Framework } from './framework.ts';
import { golangMigrate } from './golang-migrate.ts';
import { goose } from './goose.ts';
import { graphileMigrate } from './graphile-migrate.ts';
import { hasura } from './hasura.ts';
import { liquibase } from './liquibase.ts';
import { nodePgMigrate } from './node-pg-migrate.ts';
import { prisma } from './prisma.ts';
import { rails } from './rails.ts';
import { sqitch } from './sqitch.ts';
import { sqlx } from './sqlx.ts';
import { supabase } from './supabase.ts';

/** The tools that are known. Where several are found, the first one counts: those come first whose files say most surely whose they are. */
export const frameworks: readonly Framework[] = [
  prisma,
  drizzle,
  supabase,
  hasura,
  sqitch,
  graphileMigrate,
  diesel,
  flyway,
  liquibase,
  nodePgMigrate,
  goose,
  dbmate,
  sqlx,
  golangMigrate,
  rails,
];
