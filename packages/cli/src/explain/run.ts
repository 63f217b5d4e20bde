import { resolve } from 'node:path';
import { createRedisKeyValueStore } from '@labelstream/shared/adapters/redis/key-value';
import { commonSettings, readConfig } from '@labelstream/shared/config';
import { isLabelstreamError, LabelstreamError } from '@labelstream/shared/errors';
import type { KeyValueStore } from '@labelstream/shared/ports/key-value';
import { redisTls } from '@labelstream/shared/service/open-context';
import type { CommandDeps } from '../command.js';
import { addressedEnv, connect } from '../connect.js';
import { commandLog } from '../log.js';
import { bundleFolder } from '../models/reference.js';
import { dataFolder } from '../source/data-folder.js';
import { type ChosenHead, chooseHead, describeChoice, servingOf } from './choose-head.js';
import { drawMaps } from './draw.js';
import { findProduct } from './find-product.js';
import { localSubject } from './local-subject.js';
import { attentionMaps, type Maps, type Method, occlusionMaps } from './maps.js';
import { type LocalModel, openModel } from './model.js';
import { productSubject } from './product-subject.js';
import { fetchImage, readNamedImage } from './read-image.js';
import { renderExplanation, reportOf } from './report.js';
import type { Subject } from './subject.js';
import { splitWords } from './words.js';

export interface ExplainFlags {
  readonly title?: string;
  readonly image?: string;
  readonly encoder?: string;
  readonly fusion?: string;
  readonly method?: Method;
  readonly out?: string;
  readonly threads: number;
  readonly dataDir: string;
  readonly json?: boolean;
}

/** `labelstream explain`. Throws USAGE, SOURCE_INVALID, BUNDLE_INVALID, BUNDLE_MISMATCH, or what Kafka or an image source throws. */
export async function runExplain(productId: string | undefined, flags: ExplainFlags, deps: CommandDeps): Promise<void> {
  const isLocal = flags.title !== undefined || flags.image !== undefined;
  if (isLocal === (productId !== undefined)) {
    throw new LabelstreamError('USAGE', 'explain takes either the id of a product, or --title, --image or both for a listing of your own.');
  }
  const { config, output } = deps;
  const head = await chooseHead({ given: flags.fusion, productId }, { ...config, serving: () => servingOf(config, flags.dataDir) });
  const model = await openChosen(head, flags, config);
  try {
    const subject =
      productId === undefined ? await givenSubject(flags, model, deps) : await publishedSubject(productId, flags, model, deps);
    if (subject === undefined) return deps.markFailed();
    const maps = await makeMaps(subject, model, flags);
    const files = maps === undefined ? [] : await draw(maps, subject, flags, deps);
    const said = { id: model.fusion.id, ...head };
    if (flags.json === true) return await output.printJson(reportOf(subject, said, maps, files));
    await output.print(renderExplanation(subject, said, maps, output.paint));
    for (const file of files) output.note(`written: ${file}`);
  } finally {
    await model.close();
  }
}

/** Throws BUNDLE_INVALID where the deployment serves a bundle that cannot be had here. */
async function openChosen(head: ChosenHead, { encoder, threads }: ExplainFlags, config: CommandDeps['config']): Promise<LocalModel> {
  const { bundle, served } = head;
  const encoderBundle = await bundleFolder(encoder ?? config.encoderBundle, config);
  const open = async () =>
    openModel({ encoderBundle, fusionBundle: await bundleFolder(bundle, config), threads, generation: served?.generation });
  if (served === undefined) return open();
  const advice = `${describeChoice(head)} is ${served.id}; where its bundle lies elsewhere here, name it with --fusion`;
  const model = await open().catch((cause: unknown) => {
    if (!isLabelstreamError(cause, 'BUNDLE_INVALID')) throw cause;
    throw new LabelstreamError('BUNDLE_INVALID', `${cause.message} (${advice})`, { cause });
  });
  if (model.fusion.id === served.id) return model;
  await model.close();
  throw new LabelstreamError('BUNDLE_INVALID', `${bundle} holds ${model.fusion.id} (${advice})`);
}

async function givenSubject({ title, image }: ExplainFlags, model: LocalModel, { config, signal }: CommandDeps): Promise<Subject> {
  const bytes = image === undefined ? undefined : await readNamedImage(image, config.env, signal);
  return localSubject({ ...(title === undefined ? {} : { title }), ...(bytes && { image: bytes }) }, model);
}

/** Undefined, after a note, where there are no labels. */
async function publishedSubject(
  productId: string,
  { dataDir }: ExplainFlags,
  model: LocalModel,
  { config, output, signal }: CommandDeps,
): Promise<Subject | undefined> {
  const env = await addressedEnv(config.env, dataDir);
  const connection = await connect(env);
  const cache = await openCache(env);
  try {
    const found = await findProduct(connection, productId, signal);
    if ('missing' in found) {
      output.note(`labelstream: product ${productId} cannot be explained: ${found.missing}.`);
      return undefined;
    }
    const roots = { IMAGE_FILE_ROOT: env.IMAGE_FILE_ROOT ?? dataFolder({ dataDir }) };
    const fetch = (uri: string) => fetchImage(uri, { ...env, ...roots }, signal);
    return await productSubject(found, { model, fetchImage: fetch, ...(cache && { cache }) });
  } finally {
    await Promise.all([connection.close(), cache?.close()]);
  }
}

/** The cache saves work, no more: where it does not answer, all is computed anew. */
async function openCache(env: CommandDeps['config']['env']): Promise<KeyValueStore | undefined> {
  try {
    const settings = readConfig(commonSettings, env);
    return await createRedisKeyValueStore({ url: settings.REDIS_CACHE_URL, role: 'cache', tls: redisTls(settings), log: commandLog(env) });
  } catch (error) {
    if (isLabelstreamError(error, 'CACHE_UNAVAILABLE')) return undefined;
    throw error;
  }
}

/** Undefined where there is nothing to map; an error only where a map was asked for. */
async function makeMaps(subject: Subject, model: LocalModel, { method, out }: ExplainFlags): Promise<Maps | undefined> {
  const { image, text, textSequence } = subject;
  const isAsked = method !== undefined || out !== undefined;
  const missing = [...(image === undefined ? ['picture'] : []), ...(textSequence === undefined ? ['text'] : [])];
  if (image === undefined || textSequence === undefined) {
    if (!isAsked) return undefined;
    const notes = subject.notes.map((note) => ` ${note}`).join('');
    throw new LabelstreamError('USAGE', `There is no ${missing.join(' and no ')}, so there is no map of words over a picture.${notes}`);
  }
  const count = (part: string) => model.preparation.text({ title: part, attributes: {}, images: [] }).tokenIds.length;
  const words = splitWords(text, count);
  if (method === 'occlusion') return occlusionMaps(model, words, image.pixels);
  const maps = await attentionMaps(model, words, { image: image.sequence, text: textSequence });
  if (maps !== undefined || !isAsked) return maps;
  throw new LabelstreamError(
    'BUNDLE_INVALID',
    `${model.fusion.id} does not tell its attention; add --method occlusion, which works with every bundle.`,
  );
}

async function draw(
  maps: Maps,
  { text, productId, image }: Subject,
  { out }: ExplainFlags,
  { output }: CommandDeps,
): Promise<readonly string[]> {
  if (out === undefined || image === undefined) return [];
  const title = productId === undefined ? text : `${productId}: ${text}`;
  const { files, lettered } = await drawMaps(maps, image.backdrop, title, resolve(out));
  if (!lettered)
    output.warn('This machine has no font, so the sheet has no words on it; install one, for example the package fonts-dejavu-core.');
  return files;
}
