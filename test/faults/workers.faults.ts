import { testWorkerFaults } from './worker-faults.ts';

testWorkerFaults(
  process.env['TIPTOE_FAULTS'] === 'all'
    ? { kill: 100, stop: 20, restart: 20, failover: 5 }
    : { kill: 16, stop: 3, restart: 4, failover: 1 },
  8_000,
);
