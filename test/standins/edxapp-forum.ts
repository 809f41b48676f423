/** The forum's tables as the migrations of openedx/forum make them, and Django's content types. */
export const FORUM_SCHEMA = `
  CREATE TABLE django_content_type (id INT PRIMARY KEY, app_label VARCHAR(100) NOT NULL, model VARCHAR(100) NOT NULL);
  INSERT INTO django_content_type VALUES (7, 'auth', 'user'), (41, 'forum', 'commentthread'), (42, 'forum', 'comment');
  CREATE TABLE forum_commentthread (
    id BIGINT AUTO_INCREMENT PRIMARY KEY, course_id VARCHAR(255) NOT NULL, body LONGTEXT NOT NULL, visible TINYINT(1) NOT NULL,
    endorsed TINYINT(1) NOT NULL, anonymous TINYINT(1) NOT NULL, anonymous_to_peers TINYINT(1) NOT NULL, group_id INT UNSIGNED,
    created_at DATETIME(6) NOT NULL, updated_at DATETIME(6) NOT NULL, title VARCHAR(1024) NOT NULL,
    thread_type VARCHAR(50) NOT NULL, context VARCHAR(50) NOT NULL, closed TINYINT(1) NOT NULL, pinned TINYINT(1),
    last_activity_at DATETIME(6), close_reason_code VARCHAR(255), commentable_id VARCHAR(255), author_id INT NOT NULL,
    closed_by_id INT, retired_username VARCHAR(255)
  );
  CREATE TABLE forum_comment (
    id BIGINT AUTO_INCREMENT PRIMARY KEY, course_id VARCHAR(255) NOT NULL, body LONGTEXT NOT NULL, visible TINYINT(1) NOT NULL,
    endorsed TINYINT(1) NOT NULL, anonymous TINYINT(1) NOT NULL, anonymous_to_peers TINYINT(1) NOT NULL, group_id INT UNSIGNED,
    created_at DATETIME(6) NOT NULL, updated_at DATETIME(6) NOT NULL, endorsement JSON NOT NULL, sort_key VARCHAR(255),
    child_count INT UNSIGNED NOT NULL, retired_username VARCHAR(255), depth INT UNSIGNED NOT NULL, author_id INT NOT NULL,
    comment_thread_id BIGINT NOT NULL, parent_id BIGINT
  );
  CREATE TABLE forum_edithistory (
    id BIGINT AUTO_INCREMENT PRIMARY KEY, reason_code VARCHAR(100), original_body LONGTEXT NOT NULL,
    created_at DATETIME(6) NOT NULL, content_object_id INT UNSIGNED NOT NULL, content_type_id INT NOT NULL, editor_id INT NOT NULL
  );
  CREATE TABLE forum_abuseflagger (
    id BIGINT AUTO_INCREMENT PRIMARY KEY, content_object_id INT UNSIGNED NOT NULL, flagged_at DATETIME(6) NOT NULL,
    content_type_id INT NOT NULL, user_id INT NOT NULL
  );
  CREATE TABLE forum_historicalabuseflagger LIKE forum_abuseflagger;
  CREATE TABLE forum_uservote (
    id BIGINT AUTO_INCREMENT PRIMARY KEY, content_object_id INT UNSIGNED NOT NULL, vote INT NOT NULL,
    content_type_id INT NOT NULL, user_id INT NOT NULL
  );
  CREATE TABLE forum_mongocontent (
    id BIGINT AUTO_INCREMENT PRIMARY KEY, content_object_id INT UNSIGNED, mongo_id VARCHAR(50) NOT NULL, content_type_id INT
  );
`;
