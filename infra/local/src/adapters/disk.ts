import { mkdir, statfs } from 'node:fs/promises';

/** Bytes that may still be written where `folder` lies (it is created). */
export async function freeDiskBytes(folder: string): Promise<number> {
  await mkdir(folder, { recursive: true });
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
