import type { LookupAddress } from 'node:dns';
import { lookup as lookupName } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { buildConnector } from 'undici';

/** All addresses of a name. */
export type Lookup = (hostname: string) => Promise<LookupAddress[]>;

/** IANA special-purpose registries: what is not on the internet. */
const RESERVED = listSubnets(
  'ipv4',
  '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16',
  '172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24',
  '192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24',
  '224.0.0.0/4 240.0.0.0/4',
  '168.63.129.16/32', // a public number, but the host of an Azure VM
);
/** All of IPv6 in use; `::ffff:`, NAT64, ULA and link-local are not in it. */
const GLOBAL_UNICAST = listSubnets('ipv6', '2000::/3');
const RESERVED_6 = listSubnets(
  'ipv6',
  '2001::/23 2001:db8::/32 2002::/16 3fff::/20',
);

/** Whether it is an IP address of the internet. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 4) return !RESERVED.check(address);
  return (
    GLOBAL_UNICAST.check(address, 'ipv6') &&
    !RESERVED_6.check(address, 'ipv6')
  );
}

// #region connect-guard
/** Connects undici to allowed addresses only, by number or name. */
export function createGuardedConnector(
  timeout: number,
  allowAddress: (address: string) => boolean,
  lookup: Lookup = (name) => lookupName(name, { all: true }),
): buildConnector.connector {
  async function findAllowed(hostname: string) {
    const found = await lookup(hostname);
    const allowed = found.filter((one) => allowAddress(one.address));
    if (allowed.length > 0) return allowed;
    throw refused();
  }

  const connect = buildConnector({
    timeout,
    allowH2: false,
    autoSelectFamily: true, // it asks for all addresses of a name
    lookup(hostname, _, callback) {
      findAllowed(hostname).then(
        (allowed) => callback(null, allowed),
        (error: Error) => callback(error, []),
      );
    },
  });

  return function connectGuarded(options, callback) {
    // No lookup is made for a host that is an address already.
    const { hostname } = options;
    if (isIP(hostname) === 0 || allowAddress(hostname))
      connect(options, callback);
    else callback(refused(), null);
  };
}
// #endregion connect-guard

const refused = () =>
  Object.assign(new Error(), { code: 'address_refused' });

function listSubnets(family: 'ipv4' | 'ipv6', ...lines: string[]) {
  const list = new BlockList();
  for (const subnet of lines.join(' ').split(' ')) {
    const [network = '', bits] = subnet.split('/');
    list.addSubnet(network, Number(bits), family);
  }
  return list;
}
