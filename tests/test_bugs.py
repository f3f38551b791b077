"""Mistakes that people reported in public: the referee names each, and no right twin.

tests/bugs has a pair of scripts for each report: NN_name_wrong.py makes the mistake, and
NN_name_right.py is the same script without it. P*_right.py are right scripts in styles
that look like mistakes.
"""

import os
import re

import pytest
from course import REFEREE, ROOT, run, together, verdicts

pytestmark = pytest.mark.skipif(
    not hasattr(os, 'fork'), reason='the scripts are started with os.fork (POSIX)'
)

BUGS = ROOT / 'tests/bugs'
NAMED = {  # the rules that name a wrong script, with the lines where the change belongs
    '01_mlp_softmax_ce': {('twice', 37)},
    '02_lm_softmax_ce': {('twice', 33)},
    '04_unet_double_sigmoid': {('twice', 42)},
    '05_transformer_double_sigmoid': {('twice', 26)},
    '07_kldiv_softmax': {('no log', 20)},
    '08_mse_broadcast': {('shapes', 14)},
    '10_gpt_never_eval': {('awake', 36)},
    '11_train_inside_validation': {('awake', 41)},
    '13_f_dropout_always_on': {('always on', 25)},
    '14_dropout_made_in_forward': {('always on', 24)},
    '16_rng_copied_to_workers': {('workers', 29)},
    '17_scheduler_per_batch': {('rate', 22)},
    '19_one_layer_many_times': {('shared layers', 38)},
    '20_clip_scaled_gradients': {('scaled', 20)},
    '22_vae_optimizer_encoder_only': {('orphan', 30)},
    '25_softmax_over_the_batch': {('softmax over the batch', 16)},
    '26_loss_over_padding': {('padding', 31)},
    '28_loader_batch_size_as_weight': {('means', 37)},
    '31_training_on_the_whole_set': {('leak', 39)},
    '32_slice_after_shuffle': {('leak', 38)},
    '34_sigmoid_above_zero': {('threshold', 23)},
    '35_best_weights_not_copied': {('copy', 35)},
    '37_lstm_not_batch_first': {('batch first', 21)},
    '38_view_in_place_of_transpose': {('view', 29)},
    '40_distributed_sampler_epoch': {('epoch of the sampler', 16)},
    '41_accumulation_cleared_each_batch': {('wiped', 18)},
    '43_no_zero_grad': {('clear', 22)},
    '44_zero_grad_once_per_epoch': {('clear', 17)},
    '47_no_causal_mask': {('future', 36)},
    '49_labels_shifted_twice': {('shift', 16)},
    '50_padding_mask_inverted': {('inverted mask', 23)},
    '52_head_replaced_after_optimizer': {('orphan', 33)},
    '53_second_instance': {('idle', 41)},
    '55_test_normalised_training_not': {('range', 43)},
    '58_relu_on_logits': {('relu', 27)},
    '59_plateau_min_with_accuracy': {('plateau', 32)},
    '61_sampler_weights_per_class': {('sampler weights', 25)},
    '62_max_over_one_column': {('dimension of one', 43)},
    '64_no_optimizer_step': {('no step', 16)},
    '65_test_reads_the_train_loader': {('unused loader', 29)},
    '68_thresholded_loss': {('cut off', 36)},
    '70_dataset_changed_in_place': {('data changed', 28), ('data changed', 36)},
    '73_test_drops_the_last_batch': {('part', 33)},
    '74_sum_of_losses_with_graph': {('graph', 37)},
    '76_clipped_after_the_step': {('late clipping', 28)},
    '77_sorted_and_not_shuffled': {('order', 22)},
    '79_no_activation': {('no activation', 26)},
    '80_class_weights_swapped': {('class weights', 34)},
    '82_rate_too_large': {('nan', 17)},
    '83_square_root_of_zero': {('nan gradient', 29)},
    '85_only_the_last_batch_counts': {('last batch', 26)},
    '86_classes_in_another_order': {('class numbers', 50)},
    '88_returns_minus_values': {('shapes', 27), ('shapes', 28)},
    '89_keys_of_a_wrapper': {('keys', 26)},
    '90_first_batch_of_validation': {('first batch', 22)},
    '91_frozen_by_another_name': {('misspelled', 24)},
    '92_teacher_without_buffers': {('no statistics', 32)},
    '93_all_weights_alike': {('alike', 19)},
    '94_sigmoid_for_numbers_below_zero': {('out of reach', 27)},
    '95_softmax_for_many_labels': {('one of many', 21)},
    '96_scores_in_place_of_classes': {('scores', 24)},
    '97_a_step_after_that_of_the_scaler': {('stepped twice', 22)},
    '98_generator_used_up': {('nothing clipped', 18)},
    '99_optimizer_made_in_the_loop': {('new optimizer', 17)},
    '100_schedule_never_stepped': {('schedule', 15)},
    '101_rounded_in_the_model': {('dead', 26)},
    '102_validation_draws_again': {('test changes', 39)},
    '103_means_divided_by_examples': {('divided by examples', 22)},
    '104_positions_of_the_batch': {('mixed batch', 19)},
    '105_state_after_the_padding': {('amount of padding', 37)},
    '106_inputs_lost_on_the_way': {('constant', 13)},
    '107_only_the_outer_module_in_eval_mode': {('always on', 23)},
    '108_gray_values_up_to_255': {('scale', 16)},
    '109_weights_of_half_precision': {('stuck', 15)},
    '110_scaler_that_saw_the_test': {('scaled together', 27)},
    '111_masks_divided_by_255': {('one class', 14)},
    '112_loss_of_the_inputs': {('no model', 25)},
    '113_focal_loss_of_a_mean': {('mean too early', 14)},
    '114_penalty_without_gradient': {('penalty', 19)},
    '115_momentum_of_another_library': {('momentum', 12)},
    '116_optimizer_made_each_epoch': {('new optimizers', 18)},
    '117_one_cycle_per_epoch': {('one cycle', 12)},
    '118_resumed_without_the_schedule': {('schedule not loaded', 16)},
    '119_backward_direction_at_its_first_step': {('one step backward', 26)},
    '120_float16_without_a_scaler': {('underflow', 16)},
    '121_a_module_cannot_be_frozen_so': {('misspelled', 11)},
    '122_norm_over_the_channel': {('dimension of one', 15)},
    '123_map_viewed_as_rows': {('view', 14)},
    '124_states_of_layers_viewed': {('view', 18)},
    '125_rate_in_place_of_a_factor': {('factor', 19)},
    '126_tested_with_the_other_loader': {('unused loader', 19)},
    '127_the_same_example_each_time': {('one example', 25)},
    '128_labels_of_a_ranking': {('signs', 38)},
    '129_vectors_that_nobody_kept': {('thrown away', 26)},
    '130_teacher_in_train_mode': {('teacher', 50)},
    '131_initialized_after_loading': {('overwritten', 39)},
    '132_ctc_of_logits': {('no log', 48)},
    '133_target_among_the_columns': {('target as input', 55)},
    '134_mean_over_the_padding': {('mean over padding', 36)},
    '135_logits_above_one_half': {('logits at half', 22)},
    '136_rate_of_the_checkpoint': {('loaded rate', 37)},
    '137_mask_between_two_classes': {('mask between classes', 30)},
    '138_ones_for_the_fakes': {('one class', 24)},
    '139_attention_not_batch_first': {('batch first', 24)},
    '140_windows_that_overlap': {('overlapping windows', 38)},
    '141_pos_weight_upside_down': {('class weights', 16)},
    '142_target_that_learns': {('target with gradient', 29)},
    '143_target_in_its_window': {('target in the sequence', 53)},
    '144_penalty_without_create_graph': {('penalty', 40)},
    '145_last_batches_without_a_step': {('accumulated', 59), ('last gradients', 56)},
    '146_layer_never_called': {('never called', 32)},
    '147_gamma_at_every_batch': {('small rate', 52)},
    '148_parameter_that_was_squeezed': {('orphan', 52)},
    '149_cross_entropy_of_a_number': {('number as class', 23)},
    '150_cross_entropy_of_one_output': {('one output', 32)},
    '151_weight_of_yes_below_zero': {('negative loss', 23)},
    '152_scaled_together_beside_one_hot': {('scaled together', 30)},
    '153_broadcast_in_the_evaluation': {('shapes', 24)},
    '154_softmax_of_one_output': {('dimension of one', 21)},
}
UNTOLD = [  # it would take a guess to tell these from what is meant
    '23_gan_detached_in_generator_step',
    '29_accuracy_over_batches',
    '46_image_and_mask_flipped_apart',
    '56_bgr_at_test',
    '67_validated_on_the_test_set',
    '71_teacher_forcing_in_the_test',
]
RIGHT = sorted(path.stem for path in BUGS.glob('*_right.py'))


@pytest.fixture(scope='module')
def reported(request, tmp_path_factory):
    """What the referee found in the scripts that this run of pytest wants."""
    wanted = {
        item.callspec.params['name']
        for item in request.session.items
        if 'reported' in getattr(item, 'fixturenames', ())
    }
    scripts = {name: [REFEREE, '--json', BUGS / f'{name}.py'] for name in wanted}
    printed = together(scripts, tmp_path_factory.mktemp('bugs'))
    return {name: (code, verdicts(text)) for name, (code, text) in printed.items()}


def places(verdicts):
    return {(verdict['rule'], verdict['line']) for verdict in verdicts}


@pytest.mark.parametrize('name', [f'{name}_wrong' for name in NAMED])
def test_a_mistake_that_people_made_is_named_with_its_line(name, reported):
    code, verdict = reported[name]
    said = verdict['problems'] or verdict['remarks']
    assert places(said) == NAMED[name.removesuffix('_wrong')], (
        f'tests/bugs/{name}.py: the referee says {said}'
    )
    assert code == bool(verdict['problems'])


SLOW = pytest.mark.slow  # the wrong twins run each time, these once a day


@pytest.mark.parametrize(
    'name',
    [pytest.param(name, marks=() if name.startswith('P') else SLOW) for name in RIGHT],
)
def test_a_right_script_has_no_mistake(name, reported):
    code, verdict = reported[name]
    assert not verdict['problems'], (
        f'The referee wrongly accuses tests/bugs/{name}.py: {verdict["problems"]}'
    )
    assert not verdict['switched_off'] and code == 0, verdict


def test_each_pair_is_named_or_said_to_be_untold():
    pairs = {path.stem.removesuffix('_wrong') for path in BUGS.glob('*_wrong.py')}
    assert pairs == set(NAMED) | set(UNTOLD)
    assert not set(NAMED) & set(UNTOLD)


def test_each_rule_has_a_line_in_the_report(tmp_path):
    """Also those that look at some events of a kind only."""
    name = '01_mlp_softmax_ce_wrong.py'
    result = run(REFEREE, BUGS / name)
    rule, line = next(iter(NAMED[name.removesuffix('_wrong.py')]))
    assert rule == 'twice' and result.returncode == 1, result.stderr
    assert re.search(
        rf'Referee: .*{name}, line {line}, at least \d+ times: CrossEntropyLoss',
        result.stdout,
    )
    assert 'Referee: 1 problem found' in result.stdout
