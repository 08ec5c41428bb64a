"""The SQL functions that a query may call.

A list of what is allowed, because nobody can list what is not: servers have functions that
read files, wait, change settings, take locks or end other people's connections, and those of
extensions come on top. What has a grammar of its own, such as CAST, is not in these lists; it
computes, but for that in ``TYPED_REFUSED``.
"""

from __future__ import annotations

# Of those that sqlglot knows: who and where the server is, files, sequences, secrets.
TYPED_REFUSED = frozenset(
    "ai_agg ai_classify ai_embed ai_generate ai_similarity ai_summarize_agg anonymous_agg_func "
    "current_account current_account_name current_available_roles current_client "
    "current_ip_address current_organization_name current_organization_user current_region "
    "current_role current_role_type current_secondary_roles current_session current_statement "
    "current_transaction current_user current_user_id current_version current_warehouse decrypt "
    "decrypt_raw dynamic_identifier encrypt encrypt_raw generate_embedding generate_table "
    "generate_text m_l_forecast m_l_translate net_func next_value_for object_id predict "
    "read_csv read_parquet safe_func scope_resolution secret session_user to_file "
    "vector_search xmlget x_m_l_table".split()
)

_EVERYWHERE = """
abs acos ascii asin atan atan2 avg bit_length ceil ceiling char_length character_length coalesce
concat concat_ws cos cot count cume_dist current_date current_time current_timestamp degrees
dense_rank exp first_value floor greatest hex ifnull instr lag last_value lead least left length
ln locate log log10 log2 lower lpad ltrim max md5 min mod ntile nullif octet_length percent_rank
pi position pow power radians rand random rank repeat replace reverse right round row_number
rpad rtrim sha1 sha2 sign sin sqrt substr substring sum tan trim trunc truncate unhex upper
"""

_POSTGRES = """
acosh age array_agg array_append array_cat array_dims array_fill array_length array_lower
array_ndims array_position array_positions array_prepend array_remove array_replace
array_to_json array_to_string array_upper asinh atanh bit_and bit_or bit_xor bool_and bool_or
btrim cardinality cbrt chr clock_timestamp convert_from convert_to corr cosd cosh covar_pop
covar_samp cume_dist date date_bin date_part date_trunc daterange decode dense_rank div encode
every extract factorial family first_value format gcd gen_random_uuid generate_series
generate_subscripts get_bit get_byte grouping initcap int4 int4range int8 int8range isempty
isfinite json_agg json_array_elements json_array_elements_text json_array_length
json_build_array json_build_object json_each json_each_text json_extract_path
json_extract_path_text json_object json_object_agg json_object_keys json_strip_nulls
json_to_record json_to_recordset json_typeof jsonb_agg jsonb_array_elements
jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each
jsonb_each_text jsonb_extract_path jsonb_extract_path_text jsonb_insert jsonb_object
jsonb_object_agg jsonb_object_keys jsonb_path_exists jsonb_path_match jsonb_path_query
jsonb_path_query_array jsonb_path_query_first jsonb_pretty jsonb_set jsonb_strip_nulls
jsonb_to_record jsonb_to_recordset jsonb_typeof justify_days justify_hours justify_interval lag
last_value lcm lead lower_inc lower_inf make_date make_interval make_time make_timestamp
make_timestamptz masklen min_scale mode now nth_value ntile num_nonnulls num_nulls numeric
numrange overlay percent_rank percentile_cont percentile_disc phraseto_tsquery plainto_tsquery
quote_ident quote_literal quote_nullable range_agg range_merge rank regexp_count regexp_instr
regexp_like regexp_match regexp_matches regexp_replace regexp_split_to_array
regexp_split_to_table regexp_substr regr_avgx regr_avgy regr_count regr_intercept regr_r2
regr_slope regr_sxx regr_sxy regr_syy row row_to_json scale sha224 sha256 sha384 sha512
similarity sind sinh split_part starts_with statement_timestamp stddev stddev_pop stddev_samp
string_agg string_to_array string_to_table strpos tand tanh text timeofday timezone to_ascii
to_char to_date to_hex to_json to_jsonb to_number to_timestamp to_tsquery to_tsvector
transaction_timestamp translate trim_scale ts_headline ts_rank ts_rank_cd tsrange tstzrange
unaccent unistr unnest upper_inc upper_inf var_pop var_samp variance websearch_to_tsquery
width_bucket word_similarity
"""

_MYSQL = """
add_months adddate addtime any_value approx_count_distinct bin bin_to_uuid bit_and bit_count
bit_or bit_xor cast char charset chr coercibility collation conv convert convert_tz crc32
curdate curtime date date_add date_format date_sub datediff day dayname dayofmonth dayofweek
dayofyear elt export_set extract extractvalue field find_in_set format format_bytes from_base64
from_days from_unixtime get_format group_concat grouping hour inet6_aton inet6_ntoa inet_aton
inet_ntoa insert interval is_uuid isnull json_array json_array_append json_array_insert
json_arrayagg json_compact json_contains json_contains_path json_depth json_detailed json_equals
json_exists json_extract json_insert json_keys json_length json_loose json_merge_patch
json_merge_preserve json_normalize json_object json_objectagg json_overlaps json_pretty
json_query json_quote json_remove json_replace json_search json_set json_table json_type
json_unquote json_valid json_value last_day lcase localtime localtimestamp make_set makedate
maketime median microsecond mid minute month monthname natural_sort_key now nth_value nvl nvl2
oct ord percentile_cont percentile_disc period_add period_diff quarter quote regexp_instr
regexp_like regexp_replace regexp_substr sec_to_time second sformat sha soundex space st_astext
st_distance st_x st_y std stddev stddev_pop stddev_samp str_to_date strcmp subdate
substring_index subtime sysdate time time_format time_to_sec timediff timestamp timestampadd
timestampdiff to_base64 to_char to_days to_seconds ucase unix_timestamp utc_date utc_time
utc_timestamp uuid uuid_to_bin values var_pop var_samp variance week weekday weekofyear
weight_string year yearweek
"""

_SQLITE = """
bm25 char concat date datetime format generate_series glob group_concat highlight
iif if json json_array json_array_length json_each json_extract json_group_array
json_group_object json_insert json_object json_patch json_pretty json_quote json_remove
json_replace json_set json_tree json_type json_valid jsonb julianday like likelihood likely
match nth_value printf quote rank snippet soundex sqlite_version strftime string_agg time timediff
total typeof unicode unixepoch unlikely
acosh asinh atanh cosh sinh tanh median percentile percentile_cont percentile_disc
"""


def _names(*lists: str) -> frozenset[str]:
    return frozenset(" ".join(lists).split())


_OF_MYSQL = _names(_EVERYWHERE, _MYSQL)
ALLOWED = {
    "PostgreSQL": _names(_EVERYWHERE, _POSTGRES),
    "SQLite": _names(_EVERYWHERE, _SQLITE),
    "MySQL": _OF_MYSQL,
    "MariaDB": _OF_MYSQL,
    "TiDB": _OF_MYSQL,
}
