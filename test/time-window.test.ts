import { assert, constantFrom, integer, pre, property, tuple } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseTimeWindow, windowState } from '../src/time-window.ts';

const opens = (window: string | readonly string[], at: string) => {
  const state = windowState([window].flat().map(parseTimeWindow), Date.parse(at));
  if (state.open) return 'open';
  return state.opensAt === null ? 'never' : new Date(state.opensAt).toISOString().replace('.000Z', 'Z');
};

test.each([
  ['22:00-05:00', '2026-03-10T21:59:59Z', '2026-03-10T22:00:00Z'],
  ['22:00-05:00', '2026-03-10T22:00:00Z', 'open'],
  ['22:00-05:00', '2026-03-11T04:59:59Z', 'open'],
  ['22:00-05:00', '2026-03-11T05:00:00Z', '2026-03-11T22:00:00Z'],
  ['01:00-05:00', '2026-03-11T03:00:00Z', 'open'],
  ['22:00-24:00', '2026-03-11T23:59:59Z', 'open'],
  ['22:00-24:00', '2026-03-12T00:00:00Z', '2026-03-12T22:00:00Z'],
  ['00:00-24:00', '2026-03-12T00:00:00Z', 'open'],
  ['22:00-05:00 Europe/Berlin', '2026-03-10T21:00:00Z', 'open'],
  ['22:00-05:00 Europe/Berlin', '2026-07-10T19:59:00Z', '2026-07-10T20:00:00Z'],
  ['9:30-10:00 Asia/Kolkata', '2026-03-10T04:00:00Z', 'open'],
])('%s at %s: %s', (window, at, expected) => {
  expect(opens(window, at)).toBe(expected);
});

// 2026-03-13 is a Friday.
test.each([
  ['Mon-Fri 22:00-05:00', '2026-03-14T04:00:00Z', 'open'],
  ['Mon-Fri 22:00-05:00', '2026-03-14T23:00:00Z', '2026-03-16T22:00:00Z'],
  ['Mon-Fri 22:00-05:00', '2026-03-16T04:00:00Z', '2026-03-16T22:00:00Z'],
  ['Sat,Sun 10:00-12:00', '2026-03-13T11:00:00Z', '2026-03-14T10:00:00Z'],
  ['Fri-Mon 10:00-12:00', '2026-03-16T11:00:00Z', 'open'],
  ['Fri-Mon 10:00-12:00', '2026-03-17T11:00:00Z', '2026-03-20T10:00:00Z'],
  ['wednesday 10:00-12:00', '2026-03-11T13:00:00Z', '2026-03-18T10:00:00Z'],
  ['Sun 23:00-01:00 America/New_York', '2026-03-16T04:30:00Z', 'open'],
])('days of the week: %s at %s: %s', (window, at, expected) => {
  expect(opens(window, at)).toBe(expected);
});

describe('in Berlin clocks go from 02:00 to 03:00 on 2026-03-29 and from 03:00 back to 02:00 on 2026-10-25', () => {
  test.each([
    [
      'one that begins in the hour that is not there begins right after it',
      '02:30-04:00',
      '2026-03-29T00:59:00Z',
      '2026-03-29T01:00:00Z',
    ],
    ['one that ends in it ends where it is skipped', '01:00-02:30', '2026-03-29T00:59:59Z', 'open'],
    ['one that ends in it ends where it is skipped', '01:00-02:30', '2026-03-29T01:00:00Z', '2026-03-29T23:00:00Z'],
    ['one that lies in it is left out that day', '02:10-02:50', '2026-03-29T00:30:00Z', '2026-03-30T00:10:00Z'],
    ['a night is an hour shorter', '22:00-05:00', '2026-03-29T02:59:00Z', 'open'],
    ['a night is an hour shorter', '22:00-05:00', '2026-03-29T03:00:00Z', '2026-03-29T20:00:00Z'],
    ['one that begins in the doubled hour begins in the first one', '02:30-04:00', '2026-10-25T00:30:00Z', 'open'],
    ['and goes on through the second one', '02:30-04:00', '2026-10-25T01:10:00Z', 'open'],
    [
      'one that ends in the doubled hour ends in the first one',
      '01:00-02:30',
      '2026-10-25T00:30:00Z',
      '2026-10-26T00:00:00Z',
    ],
    ['a night is an hour longer', '22:00-05:00', '2026-10-25T03:59:00Z', 'open'],
    ['a night is an hour longer', '22:00-05:00', '2026-10-25T04:00:00Z', '2026-10-25T21:00:00Z'],
  ])('%s: %s at %s: %s', (_, window, at, expected) => {
    expect(opens(`${window} Europe/Berlin`, at)).toBe(expected);
  });

  test('a weekly one that is skipped opens a week later', () => {
    expect(opens('Sun 02:10-02:50 Europe/Berlin', '2026-03-29T00:00:00Z')).toBe('2026-04-05T00:10:00Z');
  });
});

test('clocks that change by half an hour, and a day that was left out', () => {
  expect(opens('02:15-06:00 Australia/Lord_Howe', '2026-10-03T15:29:00Z')).toBe('2026-10-03T15:30:00Z');
  expect(opens('10:00-12:00 Pacific/Apia', '2011-12-30T00:00:00Z')).toBe('2011-12-30T20:00:00Z');
});

test('of several windows any will do, and the next to open is named', () => {
  const windows = ['Mon-Fri 22:00-05:00', 'Sat-Sun 12:00-14:00'];
  expect(opens(windows, '2026-03-14T13:00:00Z')).toBe('open');
  expect(opens(windows, '2026-03-14T15:00:00Z')).toBe('2026-03-15T12:00:00Z');
  expect(opens(windows, '2026-03-15T15:00:00Z')).toBe('2026-03-16T22:00:00Z');
});

test('what a window says to open at is open, and the moment before is not', () => {
  const zone = constantFrom(
    'UTC',
    'Europe/Berlin',
    'America/Sao_Paulo',
    'Asia/Tehran',
    'Australia/Lord_Howe',
    'Africa/Casablanca',
  );
  const time = tuple(integer({ min: 0, max: 23 }), integer({ min: 0, max: 59 }));
  const pad = (n: number) => String(n).padStart(2, '0');
  assert(
    property(zone, time, time, integer({ min: Date.UTC(1990, 0), max: Date.UTC(2040, 0) }), (zone, from, to, at) => {
      pre(from.join(':') !== to.join(':'));
      const window = [parseTimeWindow(`${from.map(pad).join(':')}-${to.map(pad).join(':')} ${zone}`)];
      const state = windowState(window, at);
      if (state.open) return;
      expect(state.opensAt).not.toBeNull();
      expect(windowState(window, state.opensAt ?? 0)).toEqual({ open: true });
      expect(windowState(window, (state.opensAt ?? 0) - 1)).toMatchObject({ open: false });
    }),
    { numRuns: 300 },
  );
});

test.each([
  ['at night', 'it is not DAYS HH:MM-HH:MM ZONE'],
  ['22-05', 'it is not DAYS HH:MM-HH:MM ZONE'],
  ['25:00-05:00', 'there is no time 25:00'],
  ['22:00-05:60', 'there is no time 05:60'],
  ['22:00-22:00', 'it ends when it begins; a whole day is 00:00-24:00'],
  ['24:00-05:00', 'a day ends at 24:00, and begins at 00:00'],
  ['Mo 22:00-05:00', "there is no day 'Mo'"],
  ['Mon-Foo 22:00-05:00', "there is no day 'Foo'"],
  ['Mon-Tue-Wed 22:00-05:00', 'Mon-Tue-Wed is no range of days'],
  ['22:00-05:00 Europe/Berln', "there is no time zone 'Europe/Berln', did you mean Europe/Berlin?"],
  ['22:00-05:00 berlin', "there is no time zone 'berlin', did you mean Europe/Berlin?"],
  ['22:00-05:00 Middle/Earth', "there is no time zone 'Middle/Earth'."],
])('%s is refused: %s', (text, why) => {
  expect(() => parseTimeWindow(text)).toThrow(why);
});
