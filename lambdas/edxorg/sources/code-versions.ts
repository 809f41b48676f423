/** Raised by hand when the same archive would give other objects: then every archive is unpacked again. */
export const EDXORG_ARCHIVE_CODE = "1";
