import {
  leaveFolder,
  readHome,
  startNaiveApp,
  stealCookie,
} from './naive-attacks.ts';

await using naive = await startNaiveApp();

const { status, stolen } = await stealCookie(naive);
console.log(`Eve uploads photo.html as image/png: ${status}`);
console.log(`Ada opens it, and its script reads: ${stolen}`);
console.log(`Ada uploads a photo of her home`);
console.log(`anybody reads in it: ${await readHome(naive)} north`);
const outside = await leaveFolder(naive);
console.log('Eve uploads ..%2Fcron as image/png');
console.log(`it is outside the folder: ${outside ? 'yes' : 'no'}`);
