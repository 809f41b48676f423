import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { checkPipeline } from "../../lib/checks/pipeline.ts";
import { grantTable } from "../../lib/constructs/grants.ts";
import { environmentOf } from "../../bin/environments.ts";
import { domains } from "../../state-machines/index.ts";
import { root } from "./synthesised.ts";

const pipelines = domains.map(({ pipeline }) => pipeline);

it.each(domains.map((domain) => [domain.pipeline.domain, domain] as const))(
  "%s: the machine and its declaration agree in both directions",
  (_domain, { pipeline, definition }) => {
    const text = readFileSync(join(root, definition), "utf8");
    expect(checkPipeline(pipeline, text)).toEqual([]);
    expect(checkPipeline({ ...pipeline, domain: "another" }, text).map(({ rule }) => rule)).toEqual(["domain"]);
  },
);

it("every grant", () => {
  const rows = grantTable(pipelines, environmentOf("production").origins).map(({ task, can, resource, where }) =>
    [task, can, resource, where].filter((cell) => cell !== "").join(" | "),
  );
  expect(`\n${rows.join("\n")}\n`).toMatchInlineSnapshot(`
    "
    openedx.InspectLog | read objects | landing/sources/*
    openedx.InspectLog | write objects | quarantine/quarantine/tracking_logs/*
    openedx.InspectLog | list objects | landing | s3:prefix = sources/*
    openedx.InspectLog | list objects | quarantine | s3:prefix = quarantine/tracking_logs/*
    openedx.InspectLog | write items | ledger
    openedx.InspectLog | encrypt | key | via s3, if encryption is own
    openedx.InspectLog | encrypt items | key | via dynamodb, if encryption is own
    openedx.NormaliseLog | read objects | landing/sources/*
    openedx.NormaliseLog | read objects | lake/staging/*
    openedx.NormaliseLog | read objects | artifacts/commits/*
    openedx.NormaliseLog | write objects | landing/mitx/*
    openedx.NormaliseLog | write objects | landing/mitxonline/*
    openedx.NormaliseLog | write objects | landing/xpro/*
    openedx.NormaliseLog | write objects | landing/edxorg/*
    openedx.NormaliseLog | write objects | lake/staging/*
    openedx.NormaliseLog | write objects | quarantine/quarantine/tracking_logs/*
    openedx.NormaliseLog | write objects | artifacts/accounting/tracking_logs/*
    openedx.NormaliseLog | write objects | artifacts/commits/*
    openedx.NormaliseLog | list objects | landing | s3:prefix = sources/* | mitx/* | mitxonline/* | xpro/* | edxorg/*
    openedx.NormaliseLog | list objects | lake | s3:prefix = staging/*
    openedx.NormaliseLog | list objects | artifacts | s3:prefix = commits/* | accounting/tracking_logs/*
    openedx.NormaliseLog | list objects | quarantine | s3:prefix = quarantine/tracking_logs/*
    openedx.NormaliseLog | write items | ledger
    openedx.NormaliseLog | see tables | table-bucket | if lake is s3tables
    openedx.NormaliseLog | read tables | tables | s3tables:namespace = raw, if lake is s3tables
    openedx.NormaliseLog | read databases | databases raw | if lake is glue
    openedx.NormaliseLog | read objects | lake/warehouse/raw/* | if lake is glue
    openedx.NormaliseLog | encrypt | key | via s3 | s3tables, if encryption is own
    openedx.NormaliseLog | encrypt items | key | via dynamodb, if encryption is own
    openedx.NormaliseLargeLog | read objects | landing/sources/*
    openedx.NormaliseLargeLog | read objects | lake/staging/*
    openedx.NormaliseLargeLog | read objects | artifacts/commits/*
    openedx.NormaliseLargeLog | write objects | landing/mitx/*
    openedx.NormaliseLargeLog | write objects | landing/mitxonline/*
    openedx.NormaliseLargeLog | write objects | landing/xpro/*
    openedx.NormaliseLargeLog | write objects | landing/edxorg/*
    openedx.NormaliseLargeLog | write objects | lake/staging/*
    openedx.NormaliseLargeLog | write objects | quarantine/quarantine/tracking_logs/*
    openedx.NormaliseLargeLog | write objects | artifacts/accounting/tracking_logs/*
    openedx.NormaliseLargeLog | write objects | artifacts/commits/*
    openedx.NormaliseLargeLog | list objects | landing | s3:prefix = sources/* | mitx/* | mitxonline/* | xpro/* | edxorg/*
    openedx.NormaliseLargeLog | list objects | lake | s3:prefix = staging/*
    openedx.NormaliseLargeLog | list objects | artifacts | s3:prefix = commits/* | accounting/tracking_logs/*
    openedx.NormaliseLargeLog | list objects | quarantine | s3:prefix = quarantine/tracking_logs/*
    openedx.NormaliseLargeLog | write items | ledger
    openedx.NormaliseLargeLog | see tables | table-bucket | if lake is s3tables
    openedx.NormaliseLargeLog | read tables | tables | s3tables:namespace = raw, if lake is s3tables
    openedx.NormaliseLargeLog | read databases | databases raw | if lake is glue
    openedx.NormaliseLargeLog | read objects | lake/warehouse/raw/* | if lake is glue
    openedx.NormaliseLargeLog | encrypt | key | via s3 | s3tables, if encryption is own
    openedx.NormaliseLargeLog | encrypt items | key | via dynamodb, if encryption is own
    openedx.NormaliseLargeLog | answer its machine | openedx
    openedx.ExtractCourse | read objects | landing/sources/*
    openedx.ExtractCourse | read objects | lake/staging/*
    openedx.ExtractCourse | read objects | artifacts/commits/*
    openedx.ExtractCourse | write objects | landing/mitx/openedx/*
    openedx.ExtractCourse | write objects | landing/mitxonline/openedx/*
    openedx.ExtractCourse | write objects | landing/xpro/openedx/*
    openedx.ExtractCourse | write objects | lake/staging/*
    openedx.ExtractCourse | write objects | quarantine/quarantine/course_archives/*
    openedx.ExtractCourse | write objects | artifacts/commits/*
    openedx.ExtractCourse | list objects | landing | s3:prefix = sources/* | mitx/openedx/* | mitxonline/openedx/* | xpro/openedx/*
    openedx.ExtractCourse | list objects | lake | s3:prefix = staging/*
    openedx.ExtractCourse | list objects | artifacts | s3:prefix = commits/*
    openedx.ExtractCourse | list objects | quarantine | s3:prefix = quarantine/course_archives/*
    openedx.ExtractCourse | write items | ledger
    openedx.ExtractCourse | encrypt | key | via s3, if encryption is own
    openedx.ExtractCourse | encrypt items | key | via dynamodb, if encryption is own
    openedx.ExtractCourse | answer its machine | openedx
    openedx.CommitRows | read objects | lake/staging/*
    openedx.CommitRows | read objects | artifacts/commits/*
    openedx.CommitRows | list objects | lake | s3:prefix = staging/*
    openedx.CommitRows | list objects | artifacts | s3:prefix = commits/*
    openedx.CommitRows | write items | ledger
    openedx.CommitRows | see tables | table-bucket | if lake is s3tables
    openedx.CommitRows | read tables | tables | s3tables:namespace = raw, if lake is s3tables
    openedx.CommitRows | create tables | table-bucket | s3tables:namespace = raw, if lake is s3tables
    openedx.CommitRows | write tables | tables | s3tables:namespace = raw, if lake is s3tables
    openedx.CommitRows | read databases | databases raw | if lake is glue
    openedx.CommitRows | write databases | databases raw | if lake is glue
    openedx.CommitRows | write objects | lake/warehouse/raw/* | if lake is glue
    openedx.CommitRows | encrypt | key | via s3 | s3tables, if encryption is own
    openedx.CommitRows | encrypt items | key | via dynamodb, if encryption is own
    openedx.Announce | write items | ledger
    openedx.Announce | publish events | bus | events:source = millrace, events:detail-type = AssetMaterialized
    openedx.Announce | encrypt items | key | via dynamodb, if encryption is own
    openedx.NotifyLearn | read objects | landing/mitxonline/openedx/raw_data/course_xml/*
    openedx.NotifyLearn | read objects | landing/xpro/openedx/raw_data/course_xml/*
    openedx.NotifyLearn | list objects | landing | s3:prefix = mitxonline/openedx/raw_data/course_xml/* | xpro/openedx/raw_data/course_xml/*
    openedx.NotifyLearn | write items | ledger
    openedx.NotifyLearn | read secret | learn/webhook
    openedx.NotifyLearn | decrypt | key | via s3 | secretsmanager, if encryption is own
    openedx.NotifyLearn | encrypt items | key | via dynamodb, if encryption is own
    openedx.RecordFailure | write items | ledger
    openedx.RecordFailure | encrypt items | key | via dynamodb, if encryption is own
    openedx_courses.ReadStructure | read objects | landing/mitx/openedx/processed_data/*
    openedx_courses.ReadStructure | read objects | landing/mitxonline/openedx/processed_data/*
    openedx_courses.ReadStructure | read objects | landing/xpro/openedx/processed_data/*
    openedx_courses.ReadStructure | read objects | lake/staging/*
    openedx_courses.ReadStructure | read objects | artifacts/commits/*
    openedx_courses.ReadStructure | write objects | landing/mitx/openedx/processed_data/*
    openedx_courses.ReadStructure | write objects | landing/mitxonline/openedx/processed_data/*
    openedx_courses.ReadStructure | write objects | landing/xpro/openedx/processed_data/*
    openedx_courses.ReadStructure | write objects | lake/staging/*
    openedx_courses.ReadStructure | write objects | artifacts/commits/*
    openedx_courses.ReadStructure | list objects | landing | s3:prefix = mitx/openedx/processed_data/* | mitxonline/openedx/processed_data/* | xpro/openedx/processed_data/*
    openedx_courses.ReadStructure | list objects | lake | s3:prefix = staging/*
    openedx_courses.ReadStructure | list objects | artifacts | s3:prefix = commits/*
    openedx_courses.ReadStructure | write items | ledger
    openedx_courses.ReadStructure | read secret | openedx/mitx
    openedx_courses.ReadStructure | read secret | openedx/mitxonline
    openedx_courses.ReadStructure | read secret | openedx/xpro
    openedx_courses.ReadStructure | decrypt | key | via secretsmanager, if encryption is own
    openedx_courses.ReadStructure | encrypt | key | via s3, if encryption is own
    openedx_courses.ReadStructure | encrypt items | key | via dynamodb, if encryption is own
    openedx_courses.StartExport | read objects | landing/sources/course-exports-mitx/*
    openedx_courses.StartExport | read objects | landing/sources/course-exports-mitxonline/*
    openedx_courses.StartExport | read objects | landing/sources/course-exports-xpro/*
    openedx_courses.StartExport | list objects | landing | s3:prefix = sources/course-exports-mitx/* | sources/course-exports-mitxonline/* | sources/course-exports-xpro/*
    openedx_courses.StartExport | write items | ledger
    openedx_courses.StartExport | read secret | openedx/mitx
    openedx_courses.StartExport | read secret | openedx/mitxonline
    openedx_courses.StartExport | read secret | openedx/xpro
    openedx_courses.StartExport | decrypt | key | via s3 | secretsmanager, if encryption is own
    openedx_courses.StartExport | encrypt items | key | via dynamodb, if encryption is own
    openedx_courses.PollExport | read objects | landing/sources/course-exports-mitx/*
    openedx_courses.PollExport | read objects | landing/sources/course-exports-mitxonline/*
    openedx_courses.PollExport | read objects | landing/sources/course-exports-xpro/*
    openedx_courses.PollExport | list objects | landing | s3:prefix = sources/course-exports-mitx/* | sources/course-exports-mitxonline/* | sources/course-exports-xpro/*
    openedx_courses.PollExport | write items | ledger
    openedx_courses.PollExport | read secret | openedx/mitx
    openedx_courses.PollExport | read secret | openedx/mitxonline
    openedx_courses.PollExport | read secret | openedx/xpro
    openedx_courses.PollExport | decrypt | key | via s3 | secretsmanager, if encryption is own
    openedx_courses.PollExport | encrypt items | key | via dynamodb, if encryption is own
    openedx_courses.CommitRows | read objects | lake/staging/*
    openedx_courses.CommitRows | read objects | artifacts/commits/*
    openedx_courses.CommitRows | list objects | lake | s3:prefix = staging/*
    openedx_courses.CommitRows | list objects | artifacts | s3:prefix = commits/*
    openedx_courses.CommitRows | write items | ledger
    openedx_courses.CommitRows | see tables | table-bucket | if lake is s3tables
    openedx_courses.CommitRows | read tables | tables | s3tables:namespace = raw, if lake is s3tables
    openedx_courses.CommitRows | create tables | table-bucket | s3tables:namespace = raw, if lake is s3tables
    openedx_courses.CommitRows | write tables | tables | s3tables:namespace = raw, if lake is s3tables
    openedx_courses.CommitRows | read databases | databases raw | if lake is glue
    openedx_courses.CommitRows | write databases | databases raw | if lake is glue
    openedx_courses.CommitRows | write objects | lake/warehouse/raw/* | if lake is glue
    openedx_courses.CommitRows | encrypt | key | via s3 | s3tables, if encryption is own
    openedx_courses.CommitRows | encrypt items | key | via dynamodb, if encryption is own
    openedx_courses.Announce | write items | ledger
    openedx_courses.Announce | publish events | bus | events:source = millrace, events:detail-type = AssetMaterialized
    openedx_courses.Announce | encrypt items | key | via dynamodb, if encryption is own
    openedx_courses.RecordFailure | write items | ledger
    openedx_courses.RecordFailure | encrypt items | key | via dynamodb, if encryption is own
    openedx_discovery.DiscoverCourses | write items | ledger
    openedx_discovery.DiscoverCourses | read secret | openedx/mitx
    openedx_discovery.DiscoverCourses | read secret | openedx/mitxonline
    openedx_discovery.DiscoverCourses | read secret | openedx/xpro
    openedx_discovery.DiscoverCourses | decrypt | key | via secretsmanager, if encryption is own
    openedx_discovery.DiscoverCourses | encrypt items | key | via dynamodb, if encryption is own
    openedx_discovery.SweepVersions | write items | ledger
    openedx_discovery.SweepVersions | read secret | openedx/mitx
    openedx_discovery.SweepVersions | read secret | openedx/mitxonline
    openedx_discovery.SweepVersions | read secret | openedx/xpro
    openedx_discovery.SweepVersions | start runs | openedx_courses
    openedx_discovery.SweepVersions | follow runs | openedx_courses
    openedx_discovery.SweepVersions | decrypt | key | via secretsmanager, if encryption is own
    openedx_discovery.SweepVersions | encrypt items | key | via dynamodb, if encryption is own
    openedx_discovery.ResendContent | write items | ledger
    openedx_discovery.ResendContent | read secret | learn/webhook
    openedx_discovery.ResendContent | decrypt | key | via secretsmanager, if encryption is own
    openedx_discovery.ResendContent | encrypt items | key | via dynamodb, if encryption is own
    openedx_discovery.RecordFailure | write items | ledger
    openedx_discovery.RecordFailure | encrypt items | key | via dynamodb, if encryption is own
    mirrors.CopyNew | write objects | landing/sources/edxorg-archives/*
    mirrors.CopyNew | write objects | landing/sources/edxorg-gcs-archives/*
    mirrors.CopyNew | write objects | landing/sources/course-exports-edxorg/*
    mirrors.CopyNew | write objects | landing/edxorg-program-credentials/*
    mirrors.CopyNew | list objects | landing | s3:prefix = sources/edxorg-archives/* | sources/edxorg-gcs-archives/* | sources/course-exports-edxorg/* | edxorg-program-credentials/*
    mirrors.CopyNew | write items | ledger
    mirrors.CopyNew | read secret | gcs/edxorg
    mirrors.CopyNew | assume role | arn:aws:iam::000000000002:role/millrace-reads-reports
    mirrors.CopyNew | decrypt | key | via secretsmanager, if encryption is own
    mirrors.CopyNew | encrypt | key | via s3, if encryption is own
    mirrors.CopyNew | encrypt items | key | via dynamodb, if encryption is own
    mirrors.RecordFailure | write items | ledger
    mirrors.RecordFailure | encrypt items | key | via dynamodb, if encryption is own
    edxorg.UnpackArchive | read objects | landing/sources/edxorg-archives/*
    edxorg.UnpackArchive | read objects | artifacts/edxorg/archives/*
    edxorg.UnpackArchive | write objects | landing/edxorg/raw_data/*
    edxorg.UnpackArchive | write objects | artifacts/edxorg/archives/*
    edxorg.UnpackArchive | write objects | quarantine/quarantine/edxorg_archives/*
    edxorg.UnpackArchive | list objects | landing | s3:prefix = sources/edxorg-archives/* | edxorg/raw_data/*
    edxorg.UnpackArchive | list objects | artifacts | s3:prefix = edxorg/archives/*
    edxorg.UnpackArchive | list objects | quarantine | s3:prefix = quarantine/edxorg_archives/*
    edxorg.UnpackArchive | write items | ledger
    edxorg.UnpackArchive | encrypt | key | via s3, if encryption is own
    edxorg.UnpackArchive | encrypt items | key | via dynamodb, if encryption is own
    edxorg.UnpackArchive | answer its machine | edxorg
    edxorg.RecordMembers | read objects | artifacts/edxorg/archives/*
    edxorg.RecordMembers | list objects | artifacts | s3:prefix = edxorg/archives/*
    edxorg.RecordMembers | write items | ledger
    edxorg.RecordMembers | start runs | edxorg_courses
    edxorg.RecordMembers | follow runs | edxorg_courses
    edxorg.RecordMembers | start runs | operations
    edxorg.RecordMembers | follow runs | operations
    edxorg.RecordMembers | decrypt | key | via s3, if encryption is own
    edxorg.RecordMembers | encrypt items | key | via dynamodb, if encryption is own
    edxorg.Announce | write items | ledger
    edxorg.Announce | publish events | bus | events:source = millrace, events:detail-type = AssetMaterialized
    edxorg.Announce | encrypt items | key | via dynamodb, if encryption is own
    edxorg.RecordFailure | write items | ledger
    edxorg.RecordFailure | encrypt items | key | via dynamodb, if encryption is own
    edxorg_tables.FindTableNews | read objects | artifacts/edxorg/archives/*
    edxorg_tables.FindTableNews | list objects | artifacts | s3:prefix = edxorg/archives/*
    edxorg_tables.FindTableNews | write items | ledger
    edxorg_tables.FindTableNews | decrypt | key | via s3, if encryption is own
    edxorg_tables.FindTableNews | encrypt items | key | via dynamodb, if encryption is own
    edxorg_tables.LoadTable | read objects | landing/edxorg/raw_data/db_table/*
    edxorg_tables.LoadTable | read objects | artifacts/edxorg/archives/*
    edxorg_tables.LoadTable | read objects | artifacts/edxorg/tables/*
    edxorg_tables.LoadTable | read objects | artifacts/commits/*
    edxorg_tables.LoadTable | read objects | lake/staging/*
    edxorg_tables.LoadTable | write objects | lake/staging/*
    edxorg_tables.LoadTable | write objects | artifacts/edxorg/tables/*
    edxorg_tables.LoadTable | write objects | artifacts/commits/*
    edxorg_tables.LoadTable | list objects | landing | s3:prefix = edxorg/raw_data/db_table/*
    edxorg_tables.LoadTable | list objects | artifacts | s3:prefix = edxorg/archives/* | edxorg/tables/* | commits/*
    edxorg_tables.LoadTable | list objects | lake | s3:prefix = staging/*
    edxorg_tables.LoadTable | write items | ledger
    edxorg_tables.LoadTable | see tables | table-bucket | if lake is s3tables
    edxorg_tables.LoadTable | read tables | tables | s3tables:namespace = raw, if lake is s3tables
    edxorg_tables.LoadTable | create tables | table-bucket | s3tables:namespace = raw, if lake is s3tables
    edxorg_tables.LoadTable | write tables | tables | s3tables:namespace = raw, if lake is s3tables
    edxorg_tables.LoadTable | read databases | databases raw | if lake is glue
    edxorg_tables.LoadTable | write databases | databases raw | if lake is glue
    edxorg_tables.LoadTable | write objects | lake/warehouse/raw/* | if lake is glue
    edxorg_tables.LoadTable | encrypt | key | via s3 | s3tables, if encryption is own
    edxorg_tables.LoadTable | encrypt items | key | via dynamodb, if encryption is own
    edxorg_tables.LoadTable | answer its machine | edxorg_tables
    edxorg_tables.ForgetTables | write items | ledger
    edxorg_tables.ForgetTables | see tables | table-bucket | if lake is s3tables
    edxorg_tables.ForgetTables | read tables | tables | s3tables:namespace = raw, if lake is s3tables
    edxorg_tables.ForgetTables | create tables | table-bucket | s3tables:namespace = raw, if lake is s3tables
    edxorg_tables.ForgetTables | write tables | tables | s3tables:namespace = raw, if lake is s3tables
    edxorg_tables.ForgetTables | read databases | databases raw | if lake is glue
    edxorg_tables.ForgetTables | write databases | databases raw | if lake is glue
    edxorg_tables.ForgetTables | write objects | lake/warehouse/raw/* | if lake is glue
    edxorg_tables.ForgetTables | encrypt | key | via s3 | s3tables, if encryption is own
    edxorg_tables.ForgetTables | encrypt items | key | via dynamodb, if encryption is own
    edxorg_tables.Announce | write items | ledger
    edxorg_tables.Announce | publish events | bus | events:source = millrace, events:detail-type = AssetMaterialized
    edxorg_tables.Announce | encrypt items | key | via dynamodb, if encryption is own
    edxorg_tables.RecordFailure | write items | ledger
    edxorg_tables.RecordFailure | encrypt items | key | via dynamodb, if encryption is own
    edxorg_courses.ExtractCourse | read objects | landing/edxorg/raw_data/course_xml/*
    edxorg_courses.ExtractCourse | read objects | lake/staging/*
    edxorg_courses.ExtractCourse | read objects | artifacts/commits/*
    edxorg_courses.ExtractCourse | write objects | landing/edxorg/processed_data/*
    edxorg_courses.ExtractCourse | write objects | lake/staging/*
    edxorg_courses.ExtractCourse | write objects | quarantine/quarantine/course_archives/edxorg/*
    edxorg_courses.ExtractCourse | write objects | artifacts/commits/*
    edxorg_courses.ExtractCourse | list objects | landing | s3:prefix = edxorg/raw_data/course_xml/* | edxorg/processed_data/*
    edxorg_courses.ExtractCourse | list objects | lake | s3:prefix = staging/*
    edxorg_courses.ExtractCourse | list objects | artifacts | s3:prefix = commits/*
    edxorg_courses.ExtractCourse | list objects | quarantine | s3:prefix = quarantine/course_archives/edxorg/*
    edxorg_courses.ExtractCourse | write items | ledger
    edxorg_courses.ExtractCourse | encrypt | key | via s3, if encryption is own
    edxorg_courses.ExtractCourse | encrypt items | key | via dynamodb, if encryption is own
    edxorg_courses.ExtractCourse | answer its machine | edxorg_courses
    edxorg_courses.ReadArchivedStructure | read objects | landing/edxorg/raw_data/course_structure/*
    edxorg_courses.ReadArchivedStructure | read objects | landing/edxorg/processed_data/*
    edxorg_courses.ReadArchivedStructure | read objects | lake/staging/*
    edxorg_courses.ReadArchivedStructure | read objects | artifacts/commits/*
    edxorg_courses.ReadArchivedStructure | write objects | landing/edxorg/processed_data/*
    edxorg_courses.ReadArchivedStructure | write objects | lake/staging/*
    edxorg_courses.ReadArchivedStructure | write objects | artifacts/commits/*
    edxorg_courses.ReadArchivedStructure | list objects | landing | s3:prefix = edxorg/raw_data/course_structure/* | edxorg/processed_data/*
    edxorg_courses.ReadArchivedStructure | list objects | lake | s3:prefix = staging/*
    edxorg_courses.ReadArchivedStructure | list objects | artifacts | s3:prefix = commits/*
    edxorg_courses.ReadArchivedStructure | write items | ledger
    edxorg_courses.ReadArchivedStructure | encrypt | key | via s3, if encryption is own
    edxorg_courses.ReadArchivedStructure | encrypt items | key | via dynamodb, if encryption is own
    edxorg_courses.ReadCatalogue | write objects | landing/edxorg/api_data/*
    edxorg_courses.ReadCatalogue | write objects | lake/staging/*
    edxorg_courses.ReadCatalogue | write objects | quarantine/quarantine/edxorg_catalogue/*
    edxorg_courses.ReadCatalogue | write objects | artifacts/commits/*
    edxorg_courses.ReadCatalogue | list objects | landing | s3:prefix = edxorg/api_data/*
    edxorg_courses.ReadCatalogue | list objects | lake | s3:prefix = staging/*
    edxorg_courses.ReadCatalogue | list objects | quarantine | s3:prefix = quarantine/edxorg_catalogue/*
    edxorg_courses.ReadCatalogue | list objects | artifacts | s3:prefix = commits/*
    edxorg_courses.ReadCatalogue | write items | ledger
    edxorg_courses.ReadCatalogue | read secret | openedx/edxorg
    edxorg_courses.ReadCatalogue | decrypt | key | via secretsmanager, if encryption is own
    edxorg_courses.ReadCatalogue | encrypt | key | via s3, if encryption is own
    edxorg_courses.ReadCatalogue | encrypt items | key | via dynamodb, if encryption is own
    edxorg_courses.CommitRows | read objects | lake/staging/*
    edxorg_courses.CommitRows | read objects | artifacts/commits/*
    edxorg_courses.CommitRows | list objects | lake | s3:prefix = staging/*
    edxorg_courses.CommitRows | list objects | artifacts | s3:prefix = commits/*
    edxorg_courses.CommitRows | write items | ledger
    edxorg_courses.CommitRows | see tables | table-bucket | if lake is s3tables
    edxorg_courses.CommitRows | read tables | tables | s3tables:namespace = raw, if lake is s3tables
    edxorg_courses.CommitRows | create tables | table-bucket | s3tables:namespace = raw, if lake is s3tables
    edxorg_courses.CommitRows | write tables | tables | s3tables:namespace = raw, if lake is s3tables
    edxorg_courses.CommitRows | read databases | databases raw | if lake is glue
    edxorg_courses.CommitRows | write databases | databases raw | if lake is glue
    edxorg_courses.CommitRows | write objects | lake/warehouse/raw/* | if lake is glue
    edxorg_courses.CommitRows | encrypt | key | via s3 | s3tables, if encryption is own
    edxorg_courses.CommitRows | encrypt items | key | via dynamodb, if encryption is own
    edxorg_courses.Announce | write items | ledger
    edxorg_courses.Announce | publish events | bus | events:source = millrace, events:detail-type = AssetMaterialized
    edxorg_courses.Announce | encrypt items | key | via dynamodb, if encryption is own
    edxorg_courses.NotifyLearn | read objects | landing/edxorg/raw_data/course_xml/*
    edxorg_courses.NotifyLearn | list objects | landing | s3:prefix = edxorg/raw_data/course_xml/*
    edxorg_courses.NotifyLearn | write items | ledger
    edxorg_courses.NotifyLearn | read secret | learn/webhook
    edxorg_courses.NotifyLearn | decrypt | key | via s3 | secretsmanager, if encryption is own
    edxorg_courses.NotifyLearn | encrypt items | key | via dynamodb, if encryption is own
    edxorg_courses.RecordFailure | write items | ledger
    edxorg_courses.RecordFailure | encrypt items | key | via dynamodb, if encryption is own
    legacy_openedx.PlanDrop | write objects | artifacts/drops/*
    legacy_openedx.PlanDrop | list objects | artifacts | s3:prefix = drops/*
    legacy_openedx.PlanDrop | write items | ledger
    legacy_openedx.PlanDrop | read secret | openedx/mitx
    legacy_openedx.PlanDrop | read secret | openedx/mitxonline
    legacy_openedx.PlanDrop | read secret | openedx/xpro
    legacy_openedx.PlanDrop | decrypt | key | via secretsmanager, if encryption is own
    legacy_openedx.PlanDrop | encrypt | key | via s3, if encryption is own
    legacy_openedx.PlanDrop | encrypt items | key | via dynamodb, if encryption is own
    legacy_openedx.ExportTable | read objects | artifacts/drops/*
    legacy_openedx.ExportTable | write objects | artifacts/drops/*
    legacy_openedx.ExportTable | write objects | quarantine/quarantine/legacy_openedx/*
    legacy_openedx.ExportTable | list objects | artifacts | s3:prefix = drops/*
    legacy_openedx.ExportTable | list objects | quarantine | s3:prefix = quarantine/legacy_openedx/*
    legacy_openedx.ExportTable | write items | ledger
    legacy_openedx.ExportTable | read secret | mysql/mitx
    legacy_openedx.ExportTable | read secret | mongo-forum/mitx
    legacy_openedx.ExportTable | read secret | mysql/mitxonline
    legacy_openedx.ExportTable | read secret | mysql/xpro
    legacy_openedx.ExportTable | see tables | table-bucket | if lake is s3tables
    legacy_openedx.ExportTable | read tables | tables | s3tables:namespace = irx, if lake is s3tables
    legacy_openedx.ExportTable | read databases | databases irx | if lake is glue
    legacy_openedx.ExportTable | read objects | lake/warehouse/irx/* | if lake is glue
    legacy_openedx.ExportTable | decrypt | key | via secretsmanager, if encryption is own
    legacy_openedx.ExportTable | encrypt | key | via s3 | s3tables, if encryption is own
    legacy_openedx.ExportTable | encrypt items | key | via dynamodb, if encryption is own
    legacy_openedx.ExportTable | answer its machine | legacy_openedx
    legacy_openedx.RequestArchives | read objects | artifacts/drops/*
    legacy_openedx.RequestArchives | read objects | landing/mitx/openedx/raw_data/course_xml/*
    legacy_openedx.RequestArchives | read objects | landing/mitxonline/openedx/raw_data/course_xml/*
    legacy_openedx.RequestArchives | read objects | landing/xpro/openedx/raw_data/course_xml/*
    legacy_openedx.RequestArchives | write objects | artifacts/drops/*
    legacy_openedx.RequestArchives | list objects | artifacts | s3:prefix = drops/*
    legacy_openedx.RequestArchives | list objects | landing | s3:prefix = mitx/openedx/raw_data/course_xml/* | mitxonline/openedx/raw_data/course_xml/* | xpro/openedx/raw_data/course_xml/*
    legacy_openedx.RequestArchives | write items | ledger
    legacy_openedx.RequestArchives | start runs | openedx_courses
    legacy_openedx.RequestArchives | follow runs | openedx_courses
    legacy_openedx.RequestArchives | encrypt | key | via s3, if encryption is own
    legacy_openedx.RequestArchives | encrypt items | key | via dynamodb, if encryption is own
    legacy_openedx.LookAtArchives | read objects | artifacts/drops/*
    legacy_openedx.LookAtArchives | read objects | landing/mitx/openedx/raw_data/course_xml/*
    legacy_openedx.LookAtArchives | read objects | landing/mitxonline/openedx/raw_data/course_xml/*
    legacy_openedx.LookAtArchives | read objects | landing/xpro/openedx/raw_data/course_xml/*
    legacy_openedx.LookAtArchives | write objects | artifacts/drops/*
    legacy_openedx.LookAtArchives | list objects | artifacts | s3:prefix = drops/*
    legacy_openedx.LookAtArchives | list objects | landing | s3:prefix = mitx/openedx/raw_data/course_xml/* | mitxonline/openedx/raw_data/course_xml/* | xpro/openedx/raw_data/course_xml/*
    legacy_openedx.LookAtArchives | record own steps | ledger | dynamodb:LeadingKeys = run | run#*
    legacy_openedx.LookAtArchives | read items | ledger
    legacy_openedx.LookAtArchives | encrypt | key | via s3, if encryption is own
    legacy_openedx.LookAtArchives | encrypt items | key | via dynamodb, if encryption is own
    legacy_openedx.PublishDrop | read objects | artifacts/drops/*
    legacy_openedx.PublishDrop | read objects | landing/mitx/openedx/raw_data/course_xml/*
    legacy_openedx.PublishDrop | read objects | landing/mitxonline/openedx/raw_data/course_xml/*
    legacy_openedx.PublishDrop | read objects | landing/xpro/openedx/raw_data/course_xml/*
    legacy_openedx.PublishDrop | write objects | drops/irx-drop-mitx/*
    legacy_openedx.PublishDrop | write objects | drops/irx-drop-mitxonline/*
    legacy_openedx.PublishDrop | write objects | drops/irx-drop-xpro/*
    legacy_openedx.PublishDrop | list objects | artifacts | s3:prefix = drops/*
    legacy_openedx.PublishDrop | list objects | landing | s3:prefix = mitx/openedx/raw_data/course_xml/* | mitxonline/openedx/raw_data/course_xml/* | xpro/openedx/raw_data/course_xml/*
    legacy_openedx.PublishDrop | list objects | drops | s3:prefix = irx-drop-mitx/* | irx-drop-mitxonline/* | irx-drop-xpro/*
    legacy_openedx.PublishDrop | write items | ledger
    legacy_openedx.PublishDrop | start runs | operations
    legacy_openedx.PublishDrop | follow runs | operations
    legacy_openedx.PublishDrop | encrypt | key | via s3, if encryption is own
    legacy_openedx.PublishDrop | encrypt items | key | via dynamodb, if encryption is own
    legacy_openedx.Announce | write items | ledger
    legacy_openedx.Announce | publish events | bus | events:source = millrace, events:detail-type = AssetMaterialized
    legacy_openedx.Announce | encrypt items | key | via dynamodb, if encryption is own
    legacy_openedx.RecordFailure | write items | ledger
    legacy_openedx.RecordFailure | encrypt items | key | via dynamodb, if encryption is own
    lakehouse.MarkStale | write items | ledger
    lakehouse.MarkStale | encrypt items | key | via dynamodb, if encryption is own
    lakehouse.BuildModels | write objects | artifacts/openmetadata/dbt-artifacts/*
    lakehouse.BuildModels | list objects | artifacts | s3:prefix = openmetadata/dbt-artifacts/*
    lakehouse.BuildModels | write items | ledger
    lakehouse.BuildModels | publish events | bus | events:source = millrace, events:detail-type = AssetMaterialized
    lakehouse.BuildModels | see tables | table-bucket | if lake is s3tables
    lakehouse.BuildModels | read tables | tables | s3tables:namespace = raw | staging | intermediate | marts | reporting, if lake is s3tables
    lakehouse.BuildModels | create tables | table-bucket | s3tables:namespace = staging | intermediate | marts | reporting, if lake is s3tables
    lakehouse.BuildModels | write tables | tables | s3tables:namespace = staging | intermediate | marts | reporting, if lake is s3tables
    lakehouse.BuildModels | read databases | databases raw | staging | intermediate | marts | reporting | if lake is glue
    lakehouse.BuildModels | read objects | lake/warehouse/raw/* | if lake is glue
    lakehouse.BuildModels | write databases | databases staging | intermediate | marts | reporting | if lake is glue
    lakehouse.BuildModels | write objects | lake/warehouse/staging/* | if lake is glue
    lakehouse.BuildModels | write objects | lake/warehouse/intermediate/* | if lake is glue
    lakehouse.BuildModels | write objects | lake/warehouse/marts/* | if lake is glue
    lakehouse.BuildModels | write objects | lake/warehouse/reporting/* | if lake is glue
    lakehouse.BuildModels | run queries | workgroup | if dbt is athena
    lakehouse.BuildModels | keep query results | artifacts/athena-results/* | if dbt is athena
    lakehouse.BuildModels | find query results | artifacts | if dbt is athena
    lakehouse.BuildModels | read databases | table-bucket databases raw | staging | intermediate | marts | reporting | if dbt is athena, if lake is s3tables
    lakehouse.BuildModels | write databases | table-bucket databases staging | intermediate | marts | reporting | if dbt is athena, if lake is s3tables
    lakehouse.BuildModels | list objects | lake | s3:prefix = warehouse/raw/* | warehouse/staging/* | warehouse/intermediate/* | warehouse/marts/* | warehouse/reporting/*, if dbt is athena, if lake is glue
    lakehouse.BuildModels | delete objects | lake/warehouse/staging/* | if dbt is athena, if lake is glue
    lakehouse.BuildModels | delete objects | lake/warehouse/intermediate/* | if dbt is athena, if lake is glue
    lakehouse.BuildModels | delete objects | lake/warehouse/marts/* | if dbt is athena, if lake is glue
    lakehouse.BuildModels | delete objects | lake/warehouse/reporting/* | if dbt is athena, if lake is glue
    lakehouse.BuildModels | encrypt | key | via s3 | s3tables, if encryption is own
    lakehouse.BuildModels | encrypt items | key | via dynamodb, if encryption is own
    lakehouse.BuildModels | answer its machine | lakehouse
    lakehouse.ReleaseBuild | write items | ledger
    lakehouse.ReleaseBuild | encrypt items | key | via dynamodb, if encryption is own
    lakehouse.RecordFailure | write items | ledger
    lakehouse.RecordFailure | encrypt items | key | via dynamodb, if encryption is own
    coordinator.Landed | read objects | landing/sources/*
    coordinator.Landed | list objects | landing | s3:prefix = sources/*
    coordinator.Landed | write items | ledger
    coordinator.Landed | start runs | openedx
    coordinator.Landed | follow runs | openedx
    coordinator.Landed | start runs | openedx_courses
    coordinator.Landed | follow runs | openedx_courses
    coordinator.Landed | start runs | openedx_discovery
    coordinator.Landed | follow runs | openedx_discovery
    coordinator.Landed | start runs | mirrors
    coordinator.Landed | follow runs | mirrors
    coordinator.Landed | start runs | edxorg
    coordinator.Landed | follow runs | edxorg
    coordinator.Landed | start runs | edxorg_tables
    coordinator.Landed | follow runs | edxorg_tables
    coordinator.Landed | start runs | edxorg_courses
    coordinator.Landed | follow runs | edxorg_courses
    coordinator.Landed | start runs | legacy_openedx
    coordinator.Landed | follow runs | legacy_openedx
    coordinator.Landed | start runs | lakehouse
    coordinator.Landed | follow runs | lakehouse
    coordinator.Landed | start runs | operations
    coordinator.Landed | follow runs | operations
    coordinator.Landed | decrypt | key | via s3, if encryption is own
    coordinator.Landed | encrypt items | key | via dynamodb, if encryption is own
    coordinator.RunEnded | read objects | artifacts/backfills/*
    coordinator.RunEnded | list objects | artifacts | s3:prefix = backfills/*
    coordinator.RunEnded | write items | ledger
    coordinator.RunEnded | start runs | openedx
    coordinator.RunEnded | follow runs | openedx
    coordinator.RunEnded | start runs | openedx_courses
    coordinator.RunEnded | follow runs | openedx_courses
    coordinator.RunEnded | start runs | openedx_discovery
    coordinator.RunEnded | follow runs | openedx_discovery
    coordinator.RunEnded | start runs | mirrors
    coordinator.RunEnded | follow runs | mirrors
    coordinator.RunEnded | start runs | edxorg
    coordinator.RunEnded | follow runs | edxorg
    coordinator.RunEnded | start runs | edxorg_tables
    coordinator.RunEnded | follow runs | edxorg_tables
    coordinator.RunEnded | start runs | edxorg_courses
    coordinator.RunEnded | follow runs | edxorg_courses
    coordinator.RunEnded | start runs | legacy_openedx
    coordinator.RunEnded | follow runs | legacy_openedx
    coordinator.RunEnded | start runs | lakehouse
    coordinator.RunEnded | follow runs | lakehouse
    coordinator.RunEnded | start runs | operations
    coordinator.RunEnded | follow runs | operations
    coordinator.RunEnded | decrypt | key | via s3, if encryption is own
    coordinator.RunEnded | encrypt items | key | via dynamodb, if encryption is own
    coordinator.WorkerStopped | record own steps | ledger | dynamodb:LeadingKeys = run | run#*
    coordinator.WorkerStopped | see containers | containers
    coordinator.WorkerStopped | answer for containers | openedx
    coordinator.WorkerStopped | answer for containers | edxorg
    coordinator.WorkerStopped | answer for containers | edxorg_tables
    coordinator.WorkerStopped | answer for containers | edxorg_courses
    coordinator.WorkerStopped | answer for containers | legacy_openedx
    coordinator.WorkerStopped | answer for containers | lakehouse
    coordinator.WorkerStopped | encrypt items | key | via dynamodb, if encryption is own
    coordinator.Tick | write items | ledger
    coordinator.Tick | start runs | openedx
    coordinator.Tick | follow runs | openedx
    coordinator.Tick | start runs | openedx_courses
    coordinator.Tick | follow runs | openedx_courses
    coordinator.Tick | start runs | openedx_discovery
    coordinator.Tick | follow runs | openedx_discovery
    coordinator.Tick | start runs | mirrors
    coordinator.Tick | follow runs | mirrors
    coordinator.Tick | start runs | edxorg
    coordinator.Tick | follow runs | edxorg
    coordinator.Tick | start runs | edxorg_tables
    coordinator.Tick | follow runs | edxorg_tables
    coordinator.Tick | start runs | edxorg_courses
    coordinator.Tick | follow runs | edxorg_courses
    coordinator.Tick | start runs | legacy_openedx
    coordinator.Tick | follow runs | legacy_openedx
    coordinator.Tick | start runs | lakehouse
    coordinator.Tick | follow runs | lakehouse
    coordinator.Tick | start runs | operations
    coordinator.Tick | follow runs | operations
    coordinator.Tick | encrypt items | key | via dynamodb, if encryption is own
    coordinator.Sweep | read objects | artifacts/backfills/*
    coordinator.Sweep | list objects | artifacts | s3:prefix = backfills/*
    coordinator.Sweep | write items | ledger
    coordinator.Sweep | start runs | openedx
    coordinator.Sweep | follow runs | openedx
    coordinator.Sweep | start runs | openedx_courses
    coordinator.Sweep | follow runs | openedx_courses
    coordinator.Sweep | start runs | openedx_discovery
    coordinator.Sweep | follow runs | openedx_discovery
    coordinator.Sweep | start runs | mirrors
    coordinator.Sweep | follow runs | mirrors
    coordinator.Sweep | start runs | edxorg
    coordinator.Sweep | follow runs | edxorg
    coordinator.Sweep | start runs | edxorg_tables
    coordinator.Sweep | follow runs | edxorg_tables
    coordinator.Sweep | start runs | edxorg_courses
    coordinator.Sweep | follow runs | edxorg_courses
    coordinator.Sweep | start runs | legacy_openedx
    coordinator.Sweep | follow runs | legacy_openedx
    coordinator.Sweep | start runs | lakehouse
    coordinator.Sweep | follow runs | lakehouse
    coordinator.Sweep | start runs | operations
    coordinator.Sweep | follow runs | operations
    coordinator.Sweep | decrypt | key | via s3, if encryption is own
    coordinator.Sweep | encrypt items | key | via dynamodb, if encryption is own
    coordinator.ApplyCode | write items | ledger
    coordinator.ApplyCode | start runs | openedx
    coordinator.ApplyCode | follow runs | openedx
    coordinator.ApplyCode | start runs | openedx_courses
    coordinator.ApplyCode | follow runs | openedx_courses
    coordinator.ApplyCode | start runs | openedx_discovery
    coordinator.ApplyCode | follow runs | openedx_discovery
    coordinator.ApplyCode | start runs | mirrors
    coordinator.ApplyCode | follow runs | mirrors
    coordinator.ApplyCode | start runs | edxorg
    coordinator.ApplyCode | follow runs | edxorg
    coordinator.ApplyCode | start runs | edxorg_tables
    coordinator.ApplyCode | follow runs | edxorg_tables
    coordinator.ApplyCode | start runs | edxorg_courses
    coordinator.ApplyCode | follow runs | edxorg_courses
    coordinator.ApplyCode | start runs | legacy_openedx
    coordinator.ApplyCode | follow runs | legacy_openedx
    coordinator.ApplyCode | start runs | lakehouse
    coordinator.ApplyCode | follow runs | lakehouse
    coordinator.ApplyCode | start runs | operations
    coordinator.ApplyCode | follow runs | operations
    coordinator.ApplyCode | encrypt items | key | via dynamodb, if encryption is own
    coordinator.Reconcile | read objects | landing/sources/*
    coordinator.Reconcile | list objects | landing | s3:prefix = sources/*
    coordinator.Reconcile | write items | ledger
    coordinator.Reconcile | start runs | openedx
    coordinator.Reconcile | follow runs | openedx
    coordinator.Reconcile | start runs | openedx_courses
    coordinator.Reconcile | follow runs | openedx_courses
    coordinator.Reconcile | start runs | openedx_discovery
    coordinator.Reconcile | follow runs | openedx_discovery
    coordinator.Reconcile | start runs | mirrors
    coordinator.Reconcile | follow runs | mirrors
    coordinator.Reconcile | start runs | edxorg
    coordinator.Reconcile | follow runs | edxorg
    coordinator.Reconcile | start runs | edxorg_tables
    coordinator.Reconcile | follow runs | edxorg_tables
    coordinator.Reconcile | start runs | edxorg_courses
    coordinator.Reconcile | follow runs | edxorg_courses
    coordinator.Reconcile | start runs | legacy_openedx
    coordinator.Reconcile | follow runs | legacy_openedx
    coordinator.Reconcile | start runs | lakehouse
    coordinator.Reconcile | follow runs | lakehouse
    coordinator.Reconcile | start runs | operations
    coordinator.Reconcile | follow runs | operations
    coordinator.Reconcile | decrypt | key | via s3, if encryption is own
    coordinator.Reconcile | encrypt items | key | via dynamodb, if encryption is own
    operations.SendAlert | write items | ledger
    operations.SendAlert | read secret | slack/bot
    operations.SendAlert | decrypt | key | via secretsmanager, if encryption is own
    operations.SendAlert | encrypt items | key | via dynamodb, if encryption is own
    operations.CheckPartitions | write items | ledger
    operations.CheckPartitions | start runs | operations
    operations.CheckPartitions | follow runs | operations
    operations.CheckPartitions | encrypt items | key | via dynamodb, if encryption is own
    operations.SendPing | write items | ledger
    operations.SendPing | read secret | slack/bot
    operations.SendPing | read secret | healthchecks/lakehouse
    operations.SendPing | read secret | healthchecks/mitx
    operations.SendPing | read secret | healthchecks/mitxonline
    operations.SendPing | read secret | healthchecks/xpro
    operations.SendPing | decrypt | key | via secretsmanager, if encryption is own
    operations.SendPing | encrypt items | key | via dynamodb, if encryption is own
    operations.RecordFailure | write items | ledger
    operations.RecordFailure | encrypt items | key | via dynamodb, if encryption is own
    "
  `);
});

it("every trigger", () => {
  const rows = pipelines.flatMap(({ domain, triggers }) =>
    triggers.map((trigger) => {
      const start =
        trigger.kind === "landing"
          ? trigger.prefix
          : trigger.kind === "event"
            ? trigger.event
            : trigger.kind === "run-ended"
              ? "every end of a run"
              : trigger.kind === "worker-stopped"
                ? "every end of a container"
                : `${trigger.expression} ${trigger.timeZone} (${trigger.environments.join(" ")})`;
      return `${domain}.${trigger.job} | ${trigger.kind} ${trigger.id} | ${start}`;
    }),
  );
  expect(`\n${rows.join("\n")}\n`).toMatchInlineSnapshot(`
    "
    openedx.tracking_log | landing tracking_log_mitx | sources/tracking-mitx/
    openedx.course_archive | landing course_archive_mitx | sources/course-exports-mitx/
    openedx.tracking_log | landing tracking_log_mitxonline | sources/tracking-mitxonline/
    openedx.course_archive | landing course_archive_mitxonline | sources/course-exports-mitxonline/
    openedx.tracking_log | landing tracking_log_xpro | sources/tracking-xpro/
    openedx.course_archive | landing course_archive_xpro | sources/course-exports-xpro/
    openedx.tracking_log | landing tracking_log_edxorg | sources/edxorg-gcs-archives/
    openedx_discovery.discover | schedule courses_of_mitx | cron(0 * * * ? *) UTC (qa production)
    openedx_discovery.sweep | schedule versions_of_mitx | cron(20 * * * ? *) UTC (qa production)
    openedx_discovery.discover | schedule courses_of_mitxonline | cron(5 * * * ? *) UTC (qa production)
    openedx_discovery.sweep | schedule versions_of_mitxonline | cron(25 * * * ? *) UTC (qa production)
    openedx_discovery.discover | schedule courses_of_xpro | cron(10 * * * ? *) UTC (qa production)
    openedx_discovery.sweep | schedule versions_of_xpro | cron(30 * * * ? *) UTC (qa production)
    openedx_discovery.resend | schedule resend_content | rate(10 minutes) UTC (qa production)
    mirrors.copy | schedule edxorg_archives | cron(10 * * * ? *) UTC (qa production)
    mirrors.copy | schedule edxorg_tracking_logs | cron(25 * * * ? *) UTC (qa production)
    mirrors.copy | schedule edxorg_course_tarballs | cron(40 3 * * ? *) UTC (qa production)
    mirrors.copy | schedule program_reports | cron(20 4 * * ? *) UTC (qa production)
    edxorg.archive | landing edxorg_archive | sources/edxorg-archives/
    edxorg_courses.catalogue | schedule edxorg_programs | cron(0 5 * * ? *) UTC (qa production)
    edxorg_courses.catalogue | schedule edxorg_courses | cron(0 5 * * ? *) UTC (qa production)
    legacy_openedx.drop_mitx | schedule research_drop_mitx | cron(0 0 * * ? *) UTC (qa production)
    legacy_openedx.drop_mitxonline | schedule research_drop_mitxonline | cron(0 0 * * ? *) UTC (qa production)
    legacy_openedx.drop_xpro | schedule research_drop_xpro | cron(0 0 * * ? *) UTC (qa production)
    lakehouse.build | event asset_materialized | AssetMaterialized
    lakehouse.build | schedule sweep | cron(20 0/4 * * ? *) UTC (dev qa production)
    coordinator.reconcile | schedule reconcile | cron(40 3 * * ? *) UTC (dev ci qa production emulated)
    coordinator.run_ended | run-ended run_ended | every end of a run
    coordinator.worker_stopped | worker-stopped worker_stopped | every end of a container
    coordinator.sweep | schedule clock | rate(1 minutes) UTC (dev ci qa production emulated)
    operations.check_partitions | schedule check_partitions | cron(0 13 * * ? *) UTC (dev ci qa production emulated)
    "
  `);
});

it("no trigger matches what a task writes, but those of what a mirror brings", () => {
  const written = pipelines.flatMap(({ domain, tasks }) =>
    Object.entries(tasks).flatMap(([name, { writes = [] }]) =>
      writes.filter(({ bucket }) => bucket === "landing").map(({ prefix }) => ({ task: `${domain}.${name}`, prefix })),
    ),
  );
  const loops = pipelines.flatMap(({ triggers }) =>
    triggers.flatMap((trigger) =>
      trigger.kind === "landing"
        ? written
            .filter(({ prefix }) => prefix.startsWith(trigger.prefix) || trigger.prefix.startsWith(prefix))
            .map(({ task, prefix }) => `${task} writes ${prefix}, which starts ${trigger.id}`)
        : [],
    ),
  );
  // Nothing starts a mirror by what lands: no loop can come of these.
  expect(pipelines.find(({ domain }) => domain === "mirrors")?.triggers.map(({ kind }) => kind)).not.toContain(
    "landing",
  );
  expect(loops).toEqual([
    "mirrors.CopyNew writes sources/edxorg-gcs-archives/, which starts tracking_log_edxorg",
    "mirrors.CopyNew writes sources/edxorg-archives/, which starts edxorg_archive",
  ]);
});
