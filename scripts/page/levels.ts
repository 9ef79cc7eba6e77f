/** The sections of a page, in their order. */
export const SECTIONS = [
  'Problem',
  'How it works',
  'The code',
  'Run it',
  'What can go wrong',
  'Security',
  'Performance',
  'Scale out',
  'Alternatives',
  'References',
];

/** What a level demands of a page, beyond the LIMITS of every page. */
export type Demands = {
  failures: number;
  words: number;
  snippets: number;
  /** Sections that may be left out. */
  optional: string[];
  /** Whether a diagram, numbered invariants and a core must be there. */
  explained: boolean;
};

/** The demands of each level: 1 prototype, 2 development, 3 pre-production, 4 production. */
export const DEMANDS: Record<1 | 2 | 3 | 4, Demands> = {
  1: {
    failures: 1,
    words: 0,
    snippets: 0,
    optional: ['Performance', 'Scale out'],
    explained: false,
  },
  2: { failures: 3, words: 0, snippets: 0, optional: ['Scale out'], explained: false },
  3: { failures: 5, words: 900, snippets: 2, optional: ['Scale out'], explained: true },
  4: { failures: 5, words: 900, snippets: 2, optional: [], explained: true },
};
