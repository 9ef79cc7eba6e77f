import type { createDevices } from './devices.ts';

/** What a device may do at Mosquitto: publish its own readings. */
const RIGHTS = 'pattern write devices/%u/readings\n';

/** The files in Mosquitto's folder; write them anew, and send SIGHUP, when a device comes or goes. */
export async function writeMosquittoFiles(
  devices: Pick<
    ReturnType<typeof createDevices>,
    'listMosquittoPasswords'
  >,
) {
  const passwords = await devices.listMosquittoPasswords();
  return { passwords, rights: RIGHTS };
}
