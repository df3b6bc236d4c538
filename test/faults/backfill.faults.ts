import { testFaults } from './faults.ts';

testFaults(
  { kill: 300, terminate: 300, cut: 300, stop: 25, operators: 15, restart: 25, failover: 6, expiry: 2 },
  10_000,
);
