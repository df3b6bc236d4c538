import type { Shapes } from './shape.ts';

/** Triggers, rules, policies, row security. */
export const TRIGGERS_RULES_POLICIES: Shapes = [
  'ALTER TABLE users DISABLE TRIGGER users_touch',
  'ALTER TABLE users ENABLE TRIGGER users_touch',
  'ALTER TABLE orders ENABLE ROW LEVEL SECURITY',
  'DROP TRIGGER users_touch ON users',
  'DROP POLICY mine ON orders',
  'CREATE TRIGGER t AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION touch()',
  'CREATE POLICY p ON users USING (true)',
  'ALTER POLICY mine ON orders USING (false)',
  'CREATE RULE r AS ON DELETE TO bare DO INSTEAD NOTHING',
];
