import { testFaults } from './faults.ts';
import { SEED } from './moments.ts';

const ALL = process.env['TIPTOE_FAULTS'] === 'all';
console.log(`TIPTOE_SEED=${SEED} draws the moments.${ALL ? '' : ' TIPTOE_FAULTS=all tries each fault more often.'}`);

testFaults(
  ALL
    ? { kill: 300, terminate: 300, cut: 300, stop: 25, operators: 15, restart: 25, failover: 6, expiry: 2 }
    : { kill: 200, terminate: 60, cut: 45, stop: 4, operators: 3, restart: 5, failover: 1, expiry: 0 },
  10_000,
);
