import { createFileImageSource } from '@labelstream/shared/adapters/file/file-image-source';
import { createHttpImageSource } from '@labelstream/shared/adapters/http/http-image-source';
import { s3Options } from '@labelstream/shared/adapters/s3/client';
import { createS3ImageSource } from '@labelstream/shared/adapters/s3/s3-image-source';
import { createImageSourceByScheme } from '@labelstream/shared/image/by-scheme';
import { createDataImageSource } from '@labelstream/shared/image/data-uri';
import type { ImageSource } from '@labelstream/shared/ports/image-source';
import type { IngestSettings } from '../config.js';

/** All places images come from, as the settings allow. */
export function openImageSources(settings: IngestSettings): ImageSource & { close(): void } {
  const maxBytes = settings.MAX_IMAGE_BYTES;
  const timeoutMs = Math.max(settings.IMAGE_PATIENCE_MS, settings.IMAGE_TIMEOUT_MS);
  const web = createHttpImageSource({
    policy: { plainHttp: settings.IMAGE_HTTP_ALLOWED, ports: settings.IMAGE_PORTS_ALLOW, hosts: settings.IMAGE_HOST_ALLOW },
    maxBytes,
    timeoutMs,
    idleTimeoutMs: settings.IMAGE_IDLE_TIMEOUT_MS,
  });
  const s3 = createS3ImageSource({ ...s3Options(settings), buckets: settings.S3_BUCKETS, maxBytes, timeoutMs });
  const file = createFileImageSource({ maxBytes, ...(settings.IMAGE_FILE_ROOT === undefined ? {} : { root: settings.IMAGE_FILE_ROOT }) });
  const byScheme = createImageSourceByScheme({ http: web, https: web, s3, file, data: createDataImageSource({ maxBytes }) });
  return {
    fetch: byScheme.fetch,
    close() {
      web.close();
      s3.close();
    },
  };
}
