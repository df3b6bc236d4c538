import { testWorkerFaults } from './worker-faults.ts';

// `npm run test:faults` tries each of them often.
testWorkerFaults({ kill: 4, stop: 2, restart: 2, failover: 1 }, 6_000);
