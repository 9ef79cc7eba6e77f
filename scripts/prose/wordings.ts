/** Words that slow a reader down, and what to write instead. */
export type Wording = {
  /** An expression for whole words in any case; a space stands for any white space. */
  words: string;
  instead: string;
};

/**
 * What no text for readers says. Only what is found without reading the sentence is in the list:
 * `one` as the subject of a clause, for instance, and not as a number.
 */
export const WORDINGS: readonly Wording[] = [
  // Verbs of place and of telling, where a plain verb says it.
  { words: 'stands? (?:behind|beside)|stood behind', instead: 'comes after, is next to' },
  { words: 'stands? still|stood still', instead: 'stops, makes no progress' },
  { words: 'stands? in (?:the|a|an|its|one|no|each|it|their|front|data)', instead: 'is in' },
  { words: '(?:as|where|what|that) (?:it |they )?stands?(?! for)', instead: 'is' },
  { words: 'lies? in', instead: 'is in' },
  { words: 'leads? nowhere', instead: 'the link is broken' },
  { words: 'leads? out of', instead: 'points outside' },
  { words: '(?:is|are|was|were) away', instead: 'cannot be reached' },
  { words: '(?:is|are|was|were) (?:still )?whole', instead: 'is complete, is intact' },
  { words: 'looks? whether', instead: 'check that' },
  { words: 'sees? to it', instead: 'make sure' },
  { words: 'speaks? (?:of|to)', instead: 'is about, talks to' },
  { words: '(?:tells?|telling|told) of', instead: 'report' },
  { words: 'tells? again', instead: 'send it again' },
  { words: 'nobody looks at', instead: 'alert on' },
  { words: 'hangs? on (?:it|that|this)', instead: 'rely on it' },
  { words: 'held by', instead: 'tested by, kept by' },
  { words: 'mend(?:s|ed|ing)?', instead: 'fix' },
  { words: 'shall', instead: 'must, should' },

  // Subjects: the role that does it.
  { words: 'whoever|whosoever', instead: 'a caller that, the worker that, an attacker who' },
  {
    words:
      '(?<=, |[.] |that |which |when |if |what )one (?:can|may|must|should|has to|needs|wants|sees|reads|looks)',
    instead: 'you, or the caller',
  },
  {
    words: '(?:he|him|his)(?<=(?:attacker|thief|sender|stranger|owner|operator)s?\\b[^\\n]{0,160})',
    instead: 'they, them, their',
  },

  // Old or bookish forms.
  {
    words:
      '(?<!there )(?<!here )(?:is|are|was|were) no(?= (?!longer|more|less|better|worse|other|faster|slower)[a-z])',
    instead: 'is not a, are not',
  },
  { words: 'anew', instead: 'again' },
  { words: 'seldom', instead: 'rarely' },
  { words: 'surely', instead: 'certainly, or leave it out' },
  { words: 'hence|thereby|thereof|whence|wherein|lest', instead: 'so' },
  { words: 'but for', instead: 'except' },
  { words: 'no sooner', instead: 'not earlier' },
  { words: 'shares? nothing but', instead: 'share only' },
  { words: 'has its price', instead: 'costs, and what it costs' },
  { words: 'in silence', instead: 'without an error' },
  { words: 'to the letter', instead: 'exactly' },
  { words: 'of no shape', instead: 'that is not valid' },
  { words: 'however (?:often|many|few|long|much)', instead: 'no matter how often' },
  { words: 'as good (?:versions|models|answers)', instead: 'equally good' },
  { words: '(?<=, )for (?:it|they|he|she)(?= (?!to )[a-z])', instead: 'because it' },

  // The names of things here.
  { words: 'what you see when you need it', instead: 'Symptoms' },
  { words: 'what a text costs', instead: 'Token counts' },
  { words: 'failures survived', instead: 'failures tested' },
  { words: 'lines run(?=[^\\S\\n]*[,.;:|)])', instead: 'lines of code covered' },
  { words: 'worth protecting', instead: 'Assets' },
  { words: 'not covered (?:here|either)', instead: 'Not covered' },
  { words: '(?<=· )behind it(?=, )', instead: 'With `-- --demo`, it' },
  { words: 'reads? (?:the )?ratios', instead: 'compare the ratios' },
  { words: 'reads? no difference', instead: 'no difference was measured' },
  { words: 'takes? (?:a|this|the) pattern', instead: 'add a pattern to your app' },
  {
    words: '(?:files?|code|what) (?:that )?(?:a|the) readers? takes?',
    instead: 'the code that you copy',
  },
];
