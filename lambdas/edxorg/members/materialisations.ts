import type { Ledger, LedgerWrite } from "../../../core/io/ports.ts";
import { EDXORG_ARCHIVE_CODE } from "../sources/code-versions.ts";
import type { ArchiveMember, ArchiveMembers } from "./archive-members.ts";

/** Records of one transaction. */
const BATCH = 90;

/** Puts on record which objects there are, each once; gives how many were not. */
export async function recordMaterialisations(
  ledger: Ledger,
  { members, bucket }: ArchiveMembers,
  runId: string,
): Promise<number> {
  const at = new Date().toISOString();
  let [written, batch] = [0, new Map<string, ReturnType<typeof materialisation>>()];
  const newest = new Map<string, ReturnType<typeof materialisation>["data"]>();
  const flush = async (): Promise<void> => {
    const asked = [...batch.values()];
    batch = new Map();
    const known = await Promise.all(asked.map(({ pk, sk }) => ledger.get(pk, sk)));
    const fresh = asked.filter((_, index) => known[index] === undefined);
    if (fresh.length > 0) await ledger.write(fresh.map(put));
    written += fresh.length;
  };
  for await (const member of members()) {
    const record = materialisation(member, bucket, runId, at);
    batch.set(`${record.pk} ${record.sk}`, record);
    newest.set(member.asset, record.data);
    if (batch.size >= BATCH) await flush();
  }
  await flush();
  if (written > 0) {
    const heads = [...newest].map(([sk, data]) => put({ pk: "asset", sk, data }));
    for (let from = 0; from < heads.length; from += BATCH) await ledger.write(heads.slice(from, from + BATCH));
  }
  return written;
}

const put = (record: ReturnType<typeof materialisation>): LedgerWrite => ({ put: record, if: { any: true } });

function materialisation(member: ArchiveMember, bucket: string, runId: string, materializedAt: string) {
  const { asset, partition, courseId, source, record } = member;
  const { sha256: dataVersion, objectKey, archive, archiveVersion, rows } = record;
  const metadata = {
    ...{ uri: `s3://${bucket}/${objectKey}`, object_key: objectKey, course_id: courseId, source },
    ...{ archive, archive_version: archiveVersion, member: record.member },
  };
  const counts = rows === null ? {} : { rows };
  const codeVersion = EDXORG_ARCHIVE_CODE;
  return {
    ...{ pk: `materialisation#${asset}`, sk: `${partition}#${dataVersion}#${codeVersion}` },
    data: {
      ...{ asset, partition, dataVersion, codeVersion, tables: [], counts, commits: [] },
      ...{ runId, materializedAt, metadata },
    },
  };
}
