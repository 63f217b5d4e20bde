import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FORBIDDEN, INVALID, pending, type Row } from './input.js';

/** Puts what the file URIs lead to into `home`; returns the folder in it that may be read. */
export function layTraps(home: string, good: Uint8Array): string {
  const root = join(home, 'root');
  mkdirSync(join(root, 'folder.jpg'), { recursive: true });
  mkdirSync(join(home, 'root-beside'));
  writeFileSync(join(root, 'good.jpg'), good);
  writeFileSync(join(home, 'secret.jpg'), good);
  writeFileSync(join(home, 'root-beside', 'secret.jpg'), good);
  symlinkSync(join(home, 'secret.jpg'), join(root, 'link.jpg'));
  symlinkSync('../secret.jpg', join(root, 'relative-link.jpg'));
  symlinkSync(home, join(root, 'folder-link'));
  symlinkSync('link.jpg', join(root, 'link-to-link.jpg'));
  symlinkSync('/proc/self/environ', join(root, 'environment.jpg'));
  symlinkSync('loop.jpg', join(root, 'loop.jpg'));
  execFileSync('mkfifo', [join(root, 'pipe.jpg')]);
  return root;
}

/** `file:` URIs that lead out of the folder, or to what is no file. */
export const FILES: readonly Row<string>[] = [
  ['a system file', 'file:///etc/passwd', FORBIDDEN],
  ['a system file of localhost', 'file://localhost/etc/passwd', FORBIDDEN],
  ['a file of another host', 'file://inner.test/etc/passwd', INVALID],
  ['no slashes', 'file:etc/passwd', FORBIDDEN],
  ['one slash', 'file:/etc/passwd', FORBIDDEN],
  ['five slashes', 'file://///etc/passwd', FORBIDDEN],
  ['an upper-case scheme', 'FILE:///etc/passwd', FORBIDDEN],
  ['dots out of the folder', 'file://ROOT/../secret.jpg', FORBIDDEN],
  ['many dots', 'file://ROOT/../../../../../../../etc/passwd', FORBIDDEN],
  ['encoded dots', 'file://ROOT/%2e%2e/secret.jpg', FORBIDDEN],
  ['half-encoded dots', 'file://ROOT/.%2E/secret.jpg', FORBIDDEN],
  ['dots encoded twice', 'file://ROOT/%252e%252e/secret.jpg', pending('IMAGE_NOT_FOUND')],
  ['an encoded slash', 'file://ROOT/..%2fsecret.jpg', INVALID],
  ['backslashes', 'file://ROOT\\..\\secret.jpg', FORBIDDEN],
  ['encoded backslashes', 'file://ROOT/..%5csecret.jpg', pending('IMAGE_NOT_FOUND')],
  ['overlong UTF-8 for a dot', 'file://ROOT/%c0%ae%c0%ae/secret.jpg', INVALID],
  ['full-width dots', 'file://ROOT/．．/secret.jpg', pending('IMAGE_NOT_FOUND')],
  ['a folder whose name begins alike', 'file://ROOT-beside/secret.jpg', FORBIDDEN],
  ['the folder itself', 'file://ROOT', FORBIDDEN],
  ['a folder in place of a file', 'file://ROOT/folder.jpg', FORBIDDEN],
  ['a link out of the folder', 'file://ROOT/link.jpg', FORBIDDEN],
  ['a relative link out of the folder', 'file://ROOT/relative-link.jpg', FORBIDDEN],
  ['a linked folder on the way', 'file://ROOT/folder-link/secret.jpg', FORBIDDEN],
  ['out through a linked folder and in again', 'file://ROOT/folder-link/root/link.jpg', FORBIDDEN],
  ['a link to a link', 'file://ROOT/link-to-link.jpg', FORBIDDEN],
  ['a link to the environment of the process', 'file://ROOT/environment.jpg', FORBIDDEN],
  ['a link to itself', 'file://ROOT/loop.jpg', FORBIDDEN],
  ['a pipe', 'file://ROOT/pipe.jpg', FORBIDDEN],
  ['a device without end', 'file:///dev/zero', FORBIDDEN],
  ['standard input', 'file:///dev/stdin', FORBIDDEN],
  ['the environment of the process', 'file:///proc/self/environ', FORBIDDEN],
  ['a zero byte', 'file://ROOT/good.jpg%00.png', INVALID],
  ['a name of 300 characters', `file://ROOT/${'a'.repeat(300)}.jpg`, INVALID],
  ['a path of 5,000 folders', `file://ROOT/${'a/'.repeat(5000)}1.jpg`, pending('IMAGE_NOT_FOUND')],
  ['a percent sign and nothing', 'file://ROOT/%', INVALID],
  ['a file as a folder', 'file://ROOT/good.jpg/1.jpg', pending('IMAGE_NOT_FOUND')],
  ['a file that is not there', 'file://ROOT/none.jpg', pending('IMAGE_NOT_FOUND')],
];
