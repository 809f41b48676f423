import type { Connection } from "mysql2/promise";
import { FORUM_SCHEMA } from "./edxapp-forum.ts";
import type { Mariadb } from "./mariadb.ts";

/** The tables of edxapp that the research drop reads, as Open edX's migrations make them; `state` takes any bytes here. */
const SCHEMA = `
  CREATE DATABASE edxapp CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;
  USE edxapp;
  CREATE TABLE auth_user (
    id BIGINT UNSIGNED PRIMARY KEY, username VARCHAR(150) NOT NULL, first_name VARCHAR(150) NOT NULL,
    last_name VARCHAR(150) NOT NULL, email VARCHAR(254) NOT NULL, is_staff TINYINT(1) NOT NULL,
    is_active TINYINT(1) NOT NULL, is_superuser TINYINT(1) NOT NULL, last_login DATETIME(6), date_joined DATETIME(6) NOT NULL
  );
  CREATE TABLE student_courseenrollment (
    id BIGINT PRIMARY KEY, course_id VARCHAR(255) NOT NULL, created DATETIME(6), is_active TINYINT(1) NOT NULL,
    mode VARCHAR(100) NOT NULL, user_id BIGINT UNSIGNED NOT NULL, KEY (course_id)
  );
  CREATE TABLE courseware_studentmodule (
    id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, module_type VARCHAR(32) NOT NULL, module_id VARCHAR(255) NOT NULL,
    course_id VARCHAR(255) NOT NULL, state LONGBLOB, grade DOUBLE, max_grade DOUBLE, done VARCHAR(8) NOT NULL,
    created DATETIME(6) NOT NULL, modified DATETIME(6) NOT NULL, student_id BIGINT UNSIGNED NOT NULL, KEY (course_id)
  );
  CREATE TABLE student_courseaccessrole (
    id BIGINT PRIMARY KEY, org VARCHAR(64) NOT NULL, course_id VARCHAR(255) NOT NULL, role VARCHAR(64) NOT NULL,
    user_id BIGINT UNSIGNED NOT NULL, KEY (course_id)
  );
  CREATE TABLE django_comment_client_role (id BIGINT PRIMARY KEY, name VARCHAR(30) NOT NULL, course_id VARCHAR(255) NOT NULL);
  CREATE TABLE django_comment_client_role_users (
    id BIGINT PRIMARY KEY, role_id BIGINT NOT NULL, user_id BIGINT UNSIGNED NOT NULL
  );
  CREATE TABLE organizations_organization (id BIGINT PRIMARY KEY, name VARCHAR(255) NOT NULL);
  CREATE TABLE organizations_organizationcourse (
    id BIGINT PRIMARY KEY, course_id VARCHAR(255) NOT NULL, organization_id BIGINT NOT NULL
  );
`;

export async function makeEdxapp(server: Mariadb): Promise<Connection> {
  const root = await server.admin();
  await root.query(SCHEMA + FORUM_SCHEMA);
  return root;
}

/** A user that may read and nothing else, and only by TLS. */
export async function makeReader(root: Connection, username: string, password: string): Promise<void> {
  await root.query(`CREATE USER '${username}'@'%' IDENTIFIED BY '${password}' REQUIRE SSL`);
  await root.query(`GRANT SELECT ON edxapp.* TO '${username}'@'%'`);
}

/** Ends the reader's connections as a replica does that fails over. */
export async function killReaders(root: Connection): Promise<void> {
  const [rows] = await root.query("SELECT id FROM information_schema.processlist WHERE user <> 'root'");
  const ids = (rows as { id: number }[]).map(({ id }) => id);
  // One that has gone by itself meanwhile is no error.
  await Promise.all(ids.map((id) => root.query(`KILL ${id}`).catch(() => undefined)));
}

/** Submissions of a course, `each` of them from `firstId` on, with states of about 400 bytes. */
export async function fillSubmissions(root: Connection, course: string, each: number, firstId = 1): Promise<void> {
  await root.query(
    `INSERT INTO courseware_studentmodule
     SELECT ? + seq, 'problem', CONCAT('block-v1:A+B+C+type@problem+block@', MD5(seq)), ?,
       CONCAT('{"seed": 1, "answer": "', REPEAT(MD5(seq), 11), '", "text": "na\u00efve, \\n"}'),
       IF(seq % 3 = 0, NULL, seq / 7), IF(seq % 3 = 0, NULL, 1), 'na',
       '2020-01-02 03:04:05.000100' + INTERVAL seq SECOND, '2020-01-02 03:04:05', seq % 1000
     FROM seq_0_to_${each - 1}`,
    [firstId, course],
  );
}
