"""Tests that the quick run leaves to ``make e2e``: those that take longest.

By module, with or without parameters; measured with ``make test ARGS=--durations=100``.
"""

from __future__ import annotations

SLOW: dict[str, frozenset[str]] = {
    "test_replicas": frozenset(
        {
            "test_a_call_is_watched_and_cancelled_from_another_replica",
            "test_a_chat_goes_on_wherever_a_call_arrives",
            "test_calls_at_the_same_time_are_done_one_after_the_other",
            "test_files_go_in_at_one_replica_and_out_at_another",
            "test_while_the_store_is_down_calls_are_refused_and_afterwards_all_is_there",
        }
    ),
    "test_shared_store": frozenset(
        {
            "test_a_service_does_not_start_without_what_it_shares",
            "test_the_heart_keeps_what_is_held",
            "test_what_a_dead_replica_held_is_free_after_a_while_and_told",
            "test_what_is_shared_has_to_answer[s3_endpoint]",
            "test_who_does_not_want_it_any_more_leaves_the_line",
            "test_who_waits_gets_it_in_turn",
        }
    ),
    "test_backup_shared": frozenset(
        {
            "test_a_folder_moves_to_replicas_and_back",
        }
    ),
    "test_replicas_killed": frozenset(
        {
            "test_nothing_is_lost_when_replicas_are_killed",
            "test_several_workers_are_as_many_replicas",
            "test_several_workers_count_together",
        }
    ),
    "test_benchmarks": frozenset(
        {
            "test_who_did_something_else_is_told",
            "test_each_part_runs",
            "test_each_program_runs",
        }
    ),
    "requests_trades/test_accounting": frozenset(
        {
            "test_budget_plan_and_actual",
            "test_cash_flow_of_a_year",
            "test_loan_plan",
            "test_vat_return_from_a_messy_bank_export",
        }
    ),
    "requests_trades/test_projects_and_stock": frozenset(
        {
            "test_seating_plan",
        }
    ),
    "requests_trades/test_teaching_and_science": frozenset(
        {
            "test_logger_file",
        }
    ),
    "test_backup": frozenset(
        {
            "test_one_user_comes_back_beside_others",
        }
    ),
    "test_earlier_versions": frozenset(
        {
            "test_links_of_an_earlier_version_lead_where_they_did",
            "test_open_work_of_an_earlier_version_goes_on",
        }
    ),
    "test_backpressure": frozenset(
        {
            "test_a_full_service_says_so_and_tells_how_it_is",
            "test_a_service_that_stops_ends_its_calls_and_takes_no_more",
            "test_clients_that_say_nothing_keep_no_one_waiting",
            "test_a_body_has_an_end",
            "test_the_tool_hides_a_restart",
            "test_the_tool_waits_for_a_busy_service",
        }
    ),
    "test_query_texts": frozenset(
        {
            "test_changes_are_seen[fewer rows]",
            "test_changes_are_seen[part of it]",
            "test_changes_are_seen[replaced]",
            "test_random_tables_are_the_same_after_random_changes",
            "test_two_large_tables_are_joined_whichever_came_first",
            "test_what_is_let_go_leaves_the_texts_alone",
            "test_wishes_count",
        }
    ),
    "test_progress": frozenset(
        {
            "test_a_call_that_waits_says_so",
            "test_a_call_that_is_stopped_at_once_never_comes_to_the_service",
            "test_a_call_that_takes_longer_than_the_tool_waits_is_stopped",
            "test_a_long_call_tells_what_is_done_for_it",
            "test_every_long_call_is_cancelled_whole",
        }
    ),
    "test_mcp_clients": frozenset(
        {
            "test_a_call_that_is_not_wanted_any_more_is_not_done",
            "test_a_long_call_tells_how_far_it_is",
            "test_a_restart_in_the_middle_costs_nothing",
            "test_a_service_that_is_stopped_answers_what_is_under_way",
            "test_before_2026_a_call_is_finished_although_its_client_has_left",
            "test_clients_that_wait_hold_no_thread",
            "test_the_inspector_lists_and_calls",
            "test_the_same_turn_gives_the_same_workbook_at_each_door",
        }
    ),
    "test_audit": frozenset(
        {
            "test_every_operation_is_written_down",
        }
    ),
    "test_bad_input": frozenset(
        {
            "test_a_formula_that_refers_to_itself_is_told_and_harms_no_other",
            "test_nothing_sent_as_a_parameter_does_harm",
        }
    ),
    "test_bulk": frozenset(
        {
            "test_the_last_row_is_not_too_far",
        }
    ),
    "test_calculation": frozenset(
        {
            "test_libreoffice_decides_what_is_open",
            "test_too_much_memory_ends_the_process_and_nothing_else",
        }
    ),
    "test_chart_kinds": frozenset(
        {
            "test_libreoffice_opens_a_file_with_all_new_kinds",
        }
    ),
    "test_chart_options": frozenset(
        {
            "test_each_option_is_refused_by_the_kinds_that_do_not_take_it",
        }
    ),
    "test_charts": frozenset(
        {
            "test_libreoffice_draws_every_kind",
        }
    ),
    "test_confinement": frozenset(
        {
            "test_an_engine_knows_none_of_the_secrets_of_its_service",
        }
    ),
    "test_console": frozenset(
        {
            "test_the_command_works_beside_a_running_server",
            "test_the_process_ends_as_the_command_says",
        }
    ),
    "test_csv": frozenset(
        {
            "test_a_hundred_thousand_rows_arrive_whole",
            "test_any_mess_becomes_a_sheet_or_is_refused",
            "test_texts_come_back_as_they_went",
        }
    ),
    "test_csv_large": frozenset(
        {
            "test_python_reads_what_is_unusual_into_the_same_columns",
            "test_a_sheet_of_an_open_workbook_is_made_alike_and_the_others_stay",
            "test_a_very_large_csv_is_as_one_that_is_not",
            "test_changes_are_told_between_two_imports_of_one_file",
            "test_it_can_be_changed_saved_and_opened_again",
            "test_rows_are_inserted_and_a_second_table_fits_beside",
            "test_what_is_kept_of_a_saving_is_what_the_next_one_writes",
        }
    ),
    "test_csv_quick": frozenset(
        {
            "test_cases_of_dialects_are_read_alike_or_left_to_python",
            "test_random_tables_are_read_and_decided_alike",
        }
    ),
    "test_dashboard": frozenset(
        {
            "test_a_real_prometheus_answers_every_question",
        }
    ),
    "test_database_sessions": frozenset(
        {
            "test_a_wrong_file_is_told_in_one_line_without_its_secrets",
            "test_what_was_selected_survives_a_restart_of_the_service",
        }
    ),
    "test_databases": frozenset(
        {
            "test_what_was_selected_is_found_by_later_queries",
            "test_the_connection_refuses_what_the_check_of_words_would_let_through",
            "test_a_cancelled_statement_is_ended_at_the_server",
            "test_a_database_that_lets_nobody_in_tells_no_secret",
            "test_a_result_that_is_too_large_is_refused",
            "test_a_statement_that_takes_too_long_is_stopped",
            "test_more_rows_than_the_operator_gives_are_refused",
            "test_what_is_run_means_what_was_written",
        }
    ),
    "test_differential": frozenset(
        {
            "test_edits_and_saves_give_what_excelize_gives",
        }
    ),
    "test_disk": frozenset(
        {
            "test_a_damaged_checkpoint_is_done_without",
        }
    ),
    "test_docs": frozenset(
        {
            "test_a_page_says_what_the_service_answers[pdf]",
            "test_the_documented_configuration_of_a_client_connects",
            "test_the_site_is_built_without_a_warning_and_asks_no_other_host",
            "test_what_the_pages_send_with_curl_is_answered",
        }
    ),
    "test_doctor": frozenset(
        {
            "test_a_clock_that_is_wrong",
            "test_a_store_that_fails",
            "test_another_key_than_that_of_the_service",
            "test_engines_that_do_not_start",
            "test_links_that_lead_nowhere",
            "test_where_all_is_well_there_is_no_fault_and_nothing_is_left",
        }
    ),
    "test_documents": frozenset(
        {
            "test_documents_are_in_the_users_style",
            "test_documents_are_replayed_alike",
            "test_documents_live_on",
        }
    ),
    "test_durability": frozenset(
        {
            "test_killed_under_load",
        }
    ),
    "test_dynamic_arrays": frozenset(
        {
            "test_appended_rows_come_under_what_is_spilled",
            "test_long_arrays_spill_up_to_a_limit_that_is_told",
        }
    ),
    "test_engine": frozenset(
        {
            "test_a_call_under_way_as_the_service_stops_is_told_to_come_again",
            "test_a_call_that_gave_up_waiting_is_never_done",
            "test_a_change_that_kills_its_process_is_given_up_and_alone",
            "test_a_change_whose_process_is_killed_is_done_by_the_next",
            "test_a_new_file_that_takes_too_long_is_not_made",
            "test_what_takes_too_long_is_stopped_and_nothing_of_it_stays",
        }
    ),
    "test_errors": frozenset(
        {
            "test_every_refusal_says_what_to_do",
        }
    ),
    "test_exports": frozenset(
        {
            "test_a_pdf_of_a_range_shows_nothing_else",
            "test_a_pdf_shows_all_visible_sheets_and_our_values",
            "test_a_picture_a_page_and_not_too_many",
            "test_pictures_are_cut_to_what_is_on_the_page",
            "test_wide_sheets_are_laid_out_and_the_workbook_is_not",
        }
    ),
    "test_facts": frozenset(
        {
            "test_facts_stay_right_over_any_writes",
        }
    ),
    "test_fidelity": frozenset(
        {
            "test_an_edit_changes_its_cells_and_nothing_else[libreoffice-openpyxl-chart-stock.xlsx]",
        }
    ),
    "test_golden": frozenset(
        {
            "test_the_whole_vocabulary_in_one_workbook",
            "test_it_survives_reopening_edits_undo_and_redo",
            "test_libreoffice_opens_and_draws_it",
        }
    ),
    "test_headers": frozenset(
        {
            "test_every_road_and_every_refusal_has_them",
        }
    ),
    "test_hostile_files": frozenset(
        {
            "test_a_hostile_file_is_refused_or_of_use[text]",
            "test_rows_of_a_sound_file_are_read",
        }
    ),
    "test_kept_parts": frozenset(
        {
            "test_libreoffice_opens_what_was_written",
        }
    ),
    "test_kept_parts_at_random": frozenset(
        {
            "test_what_is_saved_is_what_was_edited",
        }
    ),
    "test_large": frozenset(
        {
            "test_answers_are_the_same",
            "test_edits_here_and_there_are_saved_and_nothing_else_changes",
            "test_one_changed_number_has_its_own_formulas_calculated_and_no_others",
            "test_structure_changes_find_the_way_through",
        }
    ),
    "test_libreoffice": frozenset(
        {
            "test_formulas_and_values_come_through",
            "test_nothing_elsewhere_is_fetched",
            "test_what_it_cannot_read_is_said",
        }
    ),
    "test_logs": frozenset(
        {
            "test_a_running_service_logs_json_without_secrets",
            "test_a_running_service_writes_lines_for_people",
            "test_from_start_to_stop_each_line_is_json",
            "test_no_road_logs_a_secret",
        }
    ),
    "test_looks": frozenset(
        {
            "test_each_setting_shows_and_stays",
        }
    ),
    "test_needs": frozenset(
        {
            "test_a_missing_program_fails_its_tests_in_a_strict_run",
            "test_a_missing_program_skips_its_tests_and_is_counted_aloud",
        }
    ),
    "test_opening": frozenset(
        {
            "test_a_binary_workbook_is_opened_with_its_password",
            "test_a_binary_workbook_keeps_its_formulas",
            "test_a_conversion_that_takes_too_long_is_told",
            "test_a_converted_workbook_is_rebuilt_from_what_was_converted_once",
            "test_a_password_opens_a_workbook_and_is_kept_nowhere",
            "test_a_workbook_in_the_xml_of_2003_is_converted",
            "test_an_old_workbook_in_rc4_is_opened_with_its_password",
            "test_libreoffice_keeps_formulas_formats_and_charts",
            "test_macros_that_a_conversion_drops_are_told",
            "test_where_libreoffice_fails_values_are_read_all_the_same",
            "test_without_libreoffice_values_are_kept_and_the_rest_is_told",
        }
    ),
    "test_option_effects": frozenset(
        {
            "test_each_kind_has_the_options_that_it_takes",
            "test_it_does_so_in_an_opened_file",
            "test_it_does_what_it_says",
            "test_it_does_what_it_says_in_a_chat",
            "test_it_does_what_it_says_in_a_report",
        }
    ),
    "test_plugin_openwebui": frozenset(
        {
            "test_a_converted_workbook_comes_back_from_the_chat",
            "test_a_workbook_of_any_format_is_the_latest_attachment[old.xlsb]",
        }
    ),
    "test_plugin_service": frozenset(
        {
            "test_a_restart_of_the_service_costs_nothing",
            "test_every_shape_of_data_gives_the_same_workbook",
            "test_headers_alone_give_headers_alone[gunicorn]",
            "test_ten_thousand_rows_go_through",
        }
    ),
    "test_properties": frozenset(
        {
            "test_a_block_lands_at_its_start_cell_and_nowhere_else",
            "test_a_cleaned_name_is_safe_and_stays_as_it_is",
            "test_a_number_that_is_no_date_survives_the_format_of_one",
            "test_a_sheet_keeps_its_name",
            "test_a_unique_name_is_taken_by_none_and_keeps_its_ending",
            "test_any_sequence_of_changes_leaves_what_a_plain_table_would_hold",
            "test_columns_are_read_back_as_they_were_written",
            "test_records_are_read_back_as_they_were_written",
            "test_rich_text_survives_being_saved_and_opened",
            "test_rows_are_read_back_as_they_were_written",
            "test_several_sheets_keep_their_data_apart",
        }
    ),
    "test_query": frozenset(
        {
            "test_a_very_large_sheet_is_read_from_its_bytes",
        }
    ),
    "test_rates": frozenset(
        {
            "test_an_mcp_session_has_a_rate_where_no_user_is_named",
        }
    ),
    "test_replay": frozenset(
        {
            "test_what_was_made_of_results_stays_as_it_was_made",
        }
    ),
    "test_reports": frozenset(
        {
            "test_libreoffice_calculates_the_same",
        }
    ),
    "test_sessions": frozenset(
        {
            "test_a_repeated_request_changes_nothing_after_a_restart",
            "test_killing_the_whole_server_loses_nothing_acknowledged",
        }
    ),
    "test_settings": frozenset(
        {
            "test_a_data_folder_that_can_not_be_made_stops_the_start",
            "test_a_wrong_setting_stops_the_start_in_one_line",
            "test_importing_starts_nothing",
            "test_the_environment_is_read_in_one_place",
        }
    ),
    "test_sheet_layout": frozenset(
        {
            "test_each_layout_shows_and_stays",
        }
    ),
    "test_slow_clients": frozenset(
        {
            "test_probes_that_never_end_keep_no_probe_waiting",
            "test_idle_connections_make_room",
            "test_slow_clients_hold_no_thread",
            "test_slow_probes_keep_no_other_waiting",
        }
    ),
    "test_slow_formulas": frozenset(
        {
            "test_values_come_in_time_or_not_at_all",
        }
    ),
    "test_small_tool": frozenset(
        {
            "test_its_calls_are_those_of_the_full_tool[gunicorn]",
        }
    ),
    "test_stateful": frozenset(
        {
            "test_nothing_that_happens_to_a_session_makes_it_differ_from_the_model",
        }
    ),
    "test_temporary": frozenset(
        {
            "test_a_killed_engine_leaves_nothing_once_it_is_replaced",
            "test_a_killed_service_leaves_nothing_after_its_next_start",
            "test_a_service_that_ends_leaves_nothing",
            "test_a_worker_that_is_killed_is_swept_by_the_one_that_takes_its_place",
            "test_the_socket_of_a_killed_libreoffice_is_removed",
        }
    ),
    "test_tracing": frozenset(
        {
            "test_a_running_service_sends_its_spans",
            "test_a_service_whose_collector_is_gone_works_all_the_same",
            "test_without_traces_nothing_of_it_is_imported",
        }
    ),
    "test_transform": frozenset(
        {
            "test_a_pattern_that_runs_away_is_stopped",
        }
    ),
    "test_undo": frozenset(
        {
            "test_a_checkpoint_that_cannot_be_used_only_costs_time",
            "test_every_state_comes_back_part_by_part",
            "test_pivot_tables_come_back_as_they_were",
        }
    ),
    "test_upgrade": frozenset(
        {
            "test_a_chat_of_before_goes_on_as_it_was",
        }
    ),
    "test_landing": frozenset(
        {
            "test_very_many_rows_stand_as_few_do",
        }
    ),
}


def is_slow(module: str, name: str) -> bool:
    """Whether a test takes long.

    :param module: path of its file below ``tests``, without the ending
    :param name: with its parameters in brackets
    """
    names = SLOW.get(module, frozenset())
    return name in names or name.partition("[")[0] in names
