import { writeLibrary } from './library-tree.ts';

const [folder = '', count = '234'] = process.argv.slice(2);
writeLibrary(folder, Number(count));
