import type { Shapes } from './shape.ts';

/** Functions, procedures, DO. */
export const FUNCTIONS_AND_DO: Shapes = ['DROP FUNCTION steady()'];
