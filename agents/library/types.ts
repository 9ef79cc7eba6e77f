/** How much of a pattern a text tells; `BUDGETS` has the most tokens of each. */
export type Detail = 'brief' | 'standard' | 'full';

/** The details, from the shortest to the longest. */
export const DETAILS: readonly Detail[] = ['brief', 'standard', 'full'];

/** What is known of a pattern without opening its texts. */
export type PatternEntry = {
  /** `<area>/<slug>`. */
  id: string;
  area: string;
  title: string;
  summary: string;
  level: number;
  needs: string[];
  /** What a person notices who has the problem, each with what to do. */
  symptoms: Record<string, string>;
  keywords: string[];
  requires: string[];
  related: string[];
  /** The length of each text, counted in o200k tokens. */
  tokens: Record<Detail, number>;
  tests: number;
  failures: number;
};

/** What a file is to a reader who adds the pattern. */
export type FileRole = 'pattern' | 'migration' | 'test';

/** A file that `touchstone add` copies. */
export type CopiedFile = {
  role: FileRole;
  /** Its path in the folder of the pattern; a migration's, and a test's in the folder of tests, without it. */
  path: string;
  bytes: number;
  tokens: number;
  sha256: string;
};

/** Packages by the version they were proven with. */
export type Packages = Record<string, string>;

/** Who applies a migration, and what it leaves to grant. */
export type MigrationNotes = {
  path: string;
  /** As its first comment says it, such as `Run by a superuser`; the owner of the tables where it says nothing. */
  applied?: string | undefined;
  /** The tables that it makes for the app and grants nobody a right on. */
  tables: string[];
};

/** All that taking a pattern asks for. */
export type PatternManifest = {
  id: string;
  files: CopiedFile[];
  dependencies: Packages;
  devDependencies: Packages;
  /** Patterns that only the copied tests use. */
  testRequires: string[];
  /** What only the copied tests need. */
  testDependencies: Packages;
  /** Those of all these packages whose install script is not needed. */
  needlessScripts: string[];
  /** Environment variables that the files read. */
  environment: string[];
  /** Tables that the project has already, and that the migration leaves out. */
  yours: string[];
  migrations: MigrationNotes[];
  /** How its code is wired in NestJS; empty where nothing is to be said. */
  nestNote: string;
};

/** What a new service consists of, besides the patterns that are added to it. */
export type ServiceTemplate = {
  /** The pattern that it is the example of. */
  id: string;
  /** The patterns that it uses. */
  patterns: string[];
  dependencies: Packages;
  devDependencies: Packages;
  /** Its own files, by their paths in `src`. */
  files: Record<string, string>;
};

/** `index.json`: every pattern, sorted by id. */
export type LibraryIndex = { version: string; patterns: PatternEntry[] };
