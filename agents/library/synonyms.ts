import { stemmer } from 'stemmer';

/**
 * Words that people who run backends use for one thing. A line is one meaning; its first word
 * stands for all. Only what is true anywhere: what a single page needs belongs in its keywords.
 */
const MEANINGS = [
  'access permission privilege authorize authorise authorization authorisation',
  'antivirus virus malware',
  'corrupt damage broken',
  'crash kill die',
  'delete remove erase purge',
  'deploy release rollout',
  'device gadget sensor meter',
  'drift skew',
  'email mail',
  'field column',
  'freeze hang stuck',
  'image photo picture',
  'job task',
  'leak reveal expose disclose',
  'login signin logon session',
  'logout signout logoff',
  'lost lose loss missing',
  'mean average',
  'modify update change',
  'phone mobile smartphone',
  'predict inference infer score',
  'queue backlog',
  'reading measurement',
  'replace swap',
  'restart reboot',
  'resume reconnect',
  'retry resend redeliver repeat',
  'rollback revert undo',
  'row record',
  'save store persist',
  'send deliver transmit',
  'slow latency',
  'stolen steal theft thief',
  'summary aggregate rollup downsample',
  'tenant customer company organisation organization',
  'timeout deadline',
  'twice duplicate double dedupe deduplicate',
  'user member visitor',
];

/** The stem that stands for a stem, where another word means the same. */
export const SYNONYMS: ReadonlyMap<string, string> = new Map(
  MEANINGS.flatMap((line) => {
    const [first = '', ...others] = line.split(' ').map((word) => stemmer(word));
    return others.map((other): [string, string] => [other, first]);
  }),
);
