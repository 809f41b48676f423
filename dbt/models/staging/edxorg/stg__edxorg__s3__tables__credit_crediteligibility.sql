{{ edxorg_table('credit_crediteligibility', [
  ['id', 'bigint'], ['created', 'timestamp'], ['modified', 'timestamp'], ['username', 'varchar'],
  ['deadline', 'timestamp'], ['course_id', 'varchar']
]) }}
