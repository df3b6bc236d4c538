import { defineColumnRule } from '../src/lint/kit.ts';

export default defineColumnRule({
  name: 'float-for-money',
  category: 'style',
  severity: 'off',
  docs: {
    what: 'A column of type real or double precision whose name says that it holds money.',
    why: 'Binary fractions cannot hold most amounts: sums are off by cents.',
    instead: 'Use numeric, or whole cents in bigint.',
    source: 'https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-FLOAT',
  },
  examples: {
    bad: [{ sql: 'CREATE TABLE orders (id bigint PRIMARY KEY, total_price double precision);' }],
    good: [{ sql: 'CREATE TABLE orders (id bigint PRIMARY KEY, total_price numeric(12,2), weight double precision);' }],
  },
  options: {
    words: {
      type: 'strings',
      default: [
        'price',
        'amount',
        'cost',
        'total',
        'balance',
        'fee',
        'salary',
        'tax',
        'discount',
        'revenue',
        'payment',
      ],
      description: 'Words in the name of a column that holds money.',
    },
  },
  concerns: ({ name, type }, { options }) => {
    if (!/^float[48]$/.test(type.name)) return false;
    const parts = name.toLowerCase().split('_');
    return options.words.some((word) => parts.includes(word.toLowerCase()) || parts.includes(`${word.toLowerCase()}s`));
  },
});
