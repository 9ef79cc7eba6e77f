import { openNaiveShop } from './naive-shop.ts';

await using shop = await openNaiveShop();
console.log('the attacker visits, and plants their cookie at Ada');
console.log(`the attacker is: ${await shop.spy()}`);
console.log(`Ada logs in: ${(await shop.logIn()).status}`);
console.log(`the attacker is: ${await shop.spy()}`);

const upload = await shop.upload();
console.log('Ada uploads a file, and logs out meanwhile');
console.log(`the logout: ${(await shop.logOut()).status}`);
console.log(`the attacker is: ${await shop.spy()}`);
console.log(`the upload: ${(await upload.finish()).status}`);
console.log(`the attacker is: ${await shop.spy()}`);
