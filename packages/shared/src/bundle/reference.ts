/** Whether a bundle is named by its place on S3 and not by a folder. */
export const isS3Reference = (reference: string): boolean => /^s3:/i.test(reference);
