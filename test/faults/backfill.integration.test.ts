import { testFaults } from './faults.ts';

// `npm run test:faults` tries each of them often.
testFaults({ kill: 6, terminate: 6, cut: 6, stop: 1, operators: 2, restart: 2, failover: 1, expiry: 0 }, 3_000);
