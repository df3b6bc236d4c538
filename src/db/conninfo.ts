import { Problem } from '../problem.ts';
import { addParameter, type Parameters } from './parameters.ts';

export const EXAMPLE_URL = 'postgres://user@host:5432/database';

/**
 * Reads a connection string: a URL, also one with several hosts, or `host=… dbname=…`. Its parts are not in the messages, because one of
 * them is the password.
 * https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
 */
export function parseConninfo(text: string, origin: string): Parameters {
  const parameters: Parameters = {};
  const pairs = /^postgres(?:ql)?:\/\//i.test(text) ? urlPairs(text, origin) : wordPairs(text, origin);
  for (const [name, value] of pairs) addParameter(parameters, name, value, origin);
  return parameters;
}

type Pair = readonly [name: string, value: string];

function urlPairs(text: string, origin: string): Pair[] {
  const bad = (what: string) =>
    new Problem(`${origin} ${what}.`, {
      advice: `Write it as ${EXAMPLE_URL}; special characters in user and password are percent-encoded (@ is %40, / is %2F).`,
    });
  const decode = (part: string): string => {
    try {
      return decodeURIComponent(part);
    } catch {
      throw bad('cannot be read as a URL');
    }
  };

  const [, authority = '', path = '', query = ''] = /^\w+:\/\/([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(text) ?? [];
  const [, user = '', password = '', places = ''] = /^(?:([^:]*?)(?::(.*))?@)?([^@]*)$/s.exec(authority) ?? [];
  // A slash in a password that is not encoded.
  if (path.includes('@') || places.includes('@')) throw bad('cannot be read as a URL');
  const hosts: string[] = [];
  const ports: string[] = [];
  for (const place of places.split(',')) {
    const [, address, host = '', port = ''] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d*))?$/.exec(place) ?? [];
    if (!/^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d*))?$/.test(place)) throw bad('cannot be read as a URL');
    hosts.push(decode(address ?? host));
    ports.push(port);
  }
  const pairs: Pair[] = [
    ['host', hosts.join(',')],
    ['port', ports.every((port) => port === '') ? '' : ports.join(',')],
    ['user', decode(user)],
    ['password', decode(password)],
    ['dbname', decode(path)],
  ];
  for (const pair of query === '' ? [] : query.split('&')) {
    const [name = '', ...values] = pair.split('=');
    if (values.length === 0) throw bad('has a parameter that is not name=value');
    pairs.push([decode(name), decode(values.join('='))]);
  }
  return pairs;
}

const WORD = /\s*([\w.]+)\s*=\s*(?:'((?:\\.|[^'\\])*)'|((?:\\.|[^\s'\\])*))(?=\s|$)/gsy;

function wordPairs(text: string, origin: string): Pair[] {
  const pairs: Pair[] = [];
  let end = 0;
  for (const match of text.matchAll(WORD)) {
    const [all, name = '', quoted, bare = ''] = match;
    pairs.push([name, (quoted ?? bare).replace(/\\(.)/gs, '$1')]);
    end = match.index + all.length;
  }
  if (pairs.length === 0 || text.slice(end).trim() !== '') {
    throw new Problem(`${origin} is neither a postgres:// URL nor host=… dbname=….`, {
      advice: `Write it as ${EXAMPLE_URL}.`,
    });
  }
  return pairs;
}
