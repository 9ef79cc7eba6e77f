import { inspectUpload, type Upload } from './inspect-upload.ts';

/** What piscina runs in a thread of the server. */
export default (upload: Upload) => inspectUpload(upload, 50_000_000);
