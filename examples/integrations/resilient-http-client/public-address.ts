import {
  type LookupAddress,
  type LookupAllOptions,
  lookup as systemLookup,
} from 'node:dns';
import { BlockList, isIP } from 'node:net';
import { buildConnector } from 'undici';

/** Resolves a name to all its addresses, as `dns.lookup` does. */
export type Lookup = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: Error | null, addresses: LookupAddress[]) => void,
) => void;

type ConnectorOptions = {
  allowAddress: (address: string) => boolean;
  connectMs: number;
  lookup?: Lookup | undefined;
};

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

/** What a connection to an address that is not allowed fails with. */
export class AddressRefusedError extends Error {
  override readonly name = 'AddressRefusedError';
  readonly code = 'address_refused';
}

// #region connect-guard
/** Connects undici to allowed addresses only, by number or name. */
export function createGuardedConnector({
  allowAddress,
  connectMs,
  lookup = systemLookup,
}: ConnectorOptions): buildConnector.connector {
  const connect = buildConnector({
    timeout: connectMs,
    allowH2: false,
    autoSelectFamily: true, // it asks for all addresses of a name
    lookup(hostname, _, callback) {
      lookup(hostname, { all: true }, (error, addresses) => {
        if (error) return callback(error, []);
        const allowed = addresses.filter(({ address }) =>
          allowAddress(address),
        );
        if (allowed.length > 0) callback(null, allowed);
        else callback(new AddressRefusedError(hostname), []);
      });
    },
  });

  return function connectGuarded(options, callback) {
    const { hostname } = options;
    // No lookup is made for a host that is an address already.
    if (isIP(hostname) === 0 || allowAddress(hostname))
      connect(options, callback);
    else callback(new AddressRefusedError(hostname), null);
  };
}
// #endregion connect-guard

function listSubnets(family: 'ipv4' | 'ipv6', ...lines: string[]) {
  const list = new BlockList();
  for (const subnet of lines.join(' ').split(' ')) {
    const slash = subnet.indexOf('/');
    const bits = Number(subnet.slice(slash + 1));
    list.addSubnet(subnet.slice(0, slash), bits, family);
  }
  return list;
}
