(* H_G^(2) < pi^2/6 for every G, and no smaller number will do.

   The sum of 1/sin^2 over the odd multiples of a quarter of pi/2^n below pi/2 is 2 4^n: halving the angles
   quadruples it, because 1/sin^2 y + 1/cos^2 y = 4/sin^2 2y. Since sin y < y < tan y, it lies between two
   multiples of the sum of 1/i^2 over odd i, and even i are a quarter of everything. *)

From Coq Require Import Reals Lra Lia PeanoNat Psatz.
From Selfgen Require Import Sums.
Open Scope R_scope.

Definition cosecant_squared (y : R) : R := / (sin y * sin y).

(* The k-th odd multiple of pi/2^(n+2). *)
Definition angle (n k : nat) : R := (2 * INR k - 1) * (PI / 4 / 2 ^ n).

Lemma two_pow_positive n : 0 < 2 ^ n.
Proof. apply pow_lt; lra. Qed.

Lemma INR_two_pow n : INR (2 ^ n) = 2 ^ n.
Proof. rewrite pow_INR; reflexivity. Qed.

Lemma angle_range n k : (1 <= k <= 2 ^ n)%nat -> 0 < angle n k < PI / 2.
Proof.
  intros [Low High]. unfold angle.
  pose proof (INR_at_least_1 k Low) as L. pose proof (le_INR _ _ High) as H. rewrite INR_two_pow in H.
  pose proof PI_RGT_0 as P. pose proof (two_pow_positive n) as T.
  assert (0 < PI / 4 / 2 ^ n) as Unit by (apply Rdiv_lt_0_compat; lra).
  split; [apply Rmult_lt_0_compat; lra|].
  replace (PI / 2) with (2 * 2 ^ n * (PI / 4 / 2 ^ n)) by (field; lra).
  apply Rmult_lt_compat_r; lra.
Qed.

Lemma cosecant_squared_pair y : 0 < y < PI / 2 ->
  cosecant_squared y + cosecant_squared (PI / 2 - y) = 4 * cosecant_squared (2 * y).
Proof.
  intros H. unfold cosecant_squared. rewrite sin_shift, sin_2a.
  assert (0 < sin y) by (apply sin_gt_0; lra). assert (0 < cos y) by (apply cos_gt_0; lra).
  replace (/ (sin y * sin y) + / (cos y * cos y))
    with ((sin y * sin y + cos y * cos y) / (sin y * sin y * (cos y * cos y))) by (field; lra).
  pose proof (sin2_cos2 y) as E; unfold Rsqr in E; rewrite E. field; lra.
Qed.

Theorem cosecant_sum n : sum 1 (fun k => cosecant_squared (angle n k)) (2 ^ n) = 2 * 4 ^ n.
Proof.
  induction n as [|n IH].
  - unfold sum, angle, cosecant_squared; simpl.
    replace ((2 * 1 - 1) * (PI / 4 / 1)) with (PI / 4) by field. rewrite sin_PI4.
    assert (0 < sqrt 2) by (apply sqrt_lt_R0; lra).
    assert (sqrt 2 * sqrt 2 = 2) as E by (apply sqrt_sqrt; lra).
    replace (1 / sqrt 2 * (1 / sqrt 2)) with (1 / (sqrt 2 * sqrt 2)) by (field; lra).
    rewrite E; field.
  - replace (2 ^ S n)%nat with (2 ^ n + 2 ^ n)%nat by (cbn; lia).
    rewrite sum_pairs.
    rewrite (sum_ext 1 _ (fun k => 4 * cosecant_squared (angle n k))).
    { rewrite sum_scale, IH. cbn [pow]; ring. }
    intros k Hk. pose proof (angle_range n k Hk) as Range. pose proof (two_pow_positive n) as T.
    replace (angle (S n) (S (2 ^ n + 2 ^ n) - k)) with (PI / 2 - angle n k / 2).
    { replace (angle (S n) k) with (angle n k / 2) by (unfold angle; cbn [pow]; field; lra).
      rewrite cosecant_squared_pair by lra. do 2 f_equal. field. }
    unfold angle. rewrite minus_INR, S_INR, plus_INR, INR_two_pow by lia. cbn [pow]; field; lra.
Qed.

(* sin y < y < tan y on (0, pi/2). *)
Lemma sine_above y : 0 < y < PI / 2 -> y * cos y < sin y.
Proof.
  intros H.
  destruct (MVT_cor2 (fun x => sin x - x * cos x) (fun x => x * sin x) 0 y) as [c [E Hc]]; [lra| |].
  - intros x _. replace (x * sin x) with (cos x - (1 * cos x + x * - sin x)) by ring.
    apply derivable_pt_lim_minus; [apply derivable_pt_lim_sin|].
    apply derivable_pt_lim_mult; [apply derivable_pt_lim_id | apply derivable_pt_lim_cos].
  - rewrite sin_0 in E. assert (0 < sin c) by (apply sin_gt_0; lra).
    assert (0 < c * sin c * (y - 0)) by (repeat apply Rmult_lt_0_compat; lra). lra.
Qed.

Lemma cosecant_squared_bounds y : 0 < y < PI / 2 -> / (y * y) <= cosecant_squared y <= 1 + / (y * y).
Proof.
  intros H. unfold cosecant_squared.
  assert (0 < sin y) as S by (apply sin_gt_0; lra). assert (0 < cos y) by (apply cos_gt_0; lra).
  split.
  - apply Rinv_le_contravar; [nra|]. pose proof (sin_lt_x y ltac:(lra)); nra.
  - pose proof (sine_above y H) as A. pose proof (sin2_cos2 y) as E; unfold Rsqr in E.
    replace (/ (sin y * sin y)) with (1 + cos y * cos y / (sin y * sin y)).
    2:{ replace 1 with ((sin y * sin y) / (sin y * sin y)) at 1 by (field; lra).
        unfold Rdiv; rewrite <- Rmult_plus_distr_r, E; ring. }
    apply Rplus_le_compat_l. apply Rmult_le_reg_r with (sin y * sin y * (y * y));
      [repeat apply Rmult_lt_0_compat; lra|].
    replace (cos y * cos y / (sin y * sin y) * (sin y * sin y * (y * y))) with ((y * cos y) * (y * cos y))
      by (field; lra).
    replace (/ (y * y) * (sin y * sin y * (y * y))) with (sin y * sin y) by (field; lra).
    apply Rmult_le_compat; nra.
Qed.

(* 1 + 1/9 + ... + 1/(2N-1)^2 *)
Definition odd_sum (N : nat) : R := sum 1 (fun k => / ((2 * INR k - 1) * (2 * INR k - 1))) N.

Lemma odd_sum_bounds n : PI * PI / 8 - PI * PI / (16 * 2 ^ n) <= odd_sum (2 ^ n) <= PI * PI / 8.
Proof.
  pose proof (two_pow_positive n) as T. pose proof PI_RGT_0 as P.
  set (c := 16 * 4 ^ n / (PI * PI)).
  assert (4 ^ n = 2 ^ n * 2 ^ n) as Square by (rewrite <- Rpow_mult_distr; f_equal; ring).
  assert (forall k, (1 <= k <= 2 ^ n)%nat ->
    / (angle n k * angle n k) = c * / ((2 * INR k - 1) * (2 * INR k - 1))) as Term.
  { intros k [Hk _]. pose proof (INR_at_least_1 k Hk). unfold angle, c. rewrite Square. field. lra. }
  assert (c * odd_sum (2 ^ n) <= 2 * 4 ^ n <= 2 ^ n + c * odd_sum (2 ^ n)) as [Low High].
  { rewrite <- cosecant_sum. unfold odd_sum. rewrite <- sum_scale. split.
    - apply sum_le; intros k Hk. rewrite <- Term by exact Hk. apply cosecant_squared_bounds, angle_range, Hk.
    - replace (2 ^ n) with (sum 1 (fun _ => 1) (2 ^ n)).
      + rewrite <- sum_plus. apply sum_le; intros k Hk. rewrite <- Term by exact Hk.
        apply cosecant_squared_bounds, angle_range, Hk.
      + rewrite <- INR_two_pow. generalize (2 ^ n)%nat as N. intros N.
        induction N as [|N IH]; [reflexivity|]. rewrite sum_S, IH, S_INR by lia; reflexivity. }
  assert (0 < c) as C by (unfold c; rewrite Square; apply Rdiv_lt_0_compat; nra).
  split; apply Rmult_le_reg_l with c; try exact C.
  - replace (c * (PI * PI / 8 - PI * PI / (16 * 2 ^ n))) with (2 * 4 ^ n - 2 ^ n)
      by (unfold c; rewrite Square; field; lra). lra.
  - replace (c * (PI * PI / 8)) with (2 * 4 ^ n) by (unfold c; rewrite Square; field; lra). exact Low.
Qed.

Lemma odd_sum_increasing M N : (M <= N)%nat -> odd_sum M <= odd_sum N.
Proof.
  intros H; induction H as [|N H IH]; [lra|]. unfold odd_sum in *. rewrite sum_S by lia.
  assert (0 < / ((2 * INR (S N) - 1) * (2 * INR (S N) - 1))); [|lra].
  pose proof (INR_at_least_1 (S N)). apply Rinv_0_lt_compat, Rmult_lt_0_compat; (lra || (specialize (H0 ltac:(lia)); lra)).
Qed.

Lemma odd_sum_below N : odd_sum N < PI * PI / 8.
Proof.
  apply Rlt_le_trans with (odd_sum (S N)).
  - unfold odd_sum; rewrite sum_S by lia. pose proof (INR_at_least_1 (S N) ltac:(lia)).
    assert (0 < / ((2 * INR (S N) - 1) * (2 * INR (S N) - 1))) by (apply Rinv_0_lt_compat; nra). lra.
  - apply Rle_trans with (odd_sum (2 ^ S N)); [|apply odd_sum_bounds].
    apply odd_sum_increasing, Nat.lt_le_incl, Nat.pow_gt_lin_r; lia.
Qed.

Lemma harmonic_double N : harmonic 2 (N + N) = odd_sum N + harmonic 2 N / 4.
Proof.
  induction N as [|N IH]; [cbn; field|].
  replace (S N + S N)%nat with (S (S (N + N))) by lia.
  rewrite !harmonic_S, IH. unfold odd_sum. rewrite sum_S by lia.
  pose proof (pos_INR N). rewrite !S_INR, plus_INR. field. lra.
Qed.

Lemma harmonic_increasing order M N : (M <= N)%nat -> harmonic order M <= harmonic order N.
Proof.
  intros H; induction H as [|N H IH]; [lra|]. rewrite harmonic_S.
  assert (0 < / INR (S N) ^ order) by (apply Rinv_0_lt_compat, pow_lt, lt_0_INR; lia). lra.
Qed.

Theorem basel_bound G : harmonic 2 G < PI ^ 2 / 6.
Proof.
  pose proof (harmonic_increasing 2 G (G + G) ltac:(lia)) as I. rewrite harmonic_double in I.
  pose proof (odd_sum_below G). cbn [pow]; lra.
Qed.

Lemma basel_gap n : PI ^ 2 / 6 - harmonic 2 (2 ^ n) <= PI ^ 2 / (4 * 2 ^ n).
Proof.
  pose proof PI_RGT_0 as P.
  induction n as [|n IH]; [cbn; nra|].
  replace (2 ^ S n)%nat with (2 ^ n + 2 ^ n)%nat by (cbn; lia). rewrite harmonic_double.
  pose proof (proj1 (odd_sum_bounds n)) as L. pose proof (two_pow_positive n) as T.
  replace (PI ^ 2 / (4 * 2 ^ S n)) with (PI ^ 2 / (4 * 2 ^ n) / 4 + PI * PI / (16 * 2 ^ n))
    by (cbn [pow]; field; lra).
  cbn [pow] in *; lra.
Qed.

(* The bound is the least one. *)
Theorem basel_least B : B < PI ^ 2 / 6 -> exists G, (1 <= G)%nat /\ B < harmonic 2 G.
Proof.
  intros H. pose proof PI_RGT_0 as P.
  assert (0 < PI ^ 2) as P2 by (apply pow_lt; lra).
  destruct (archimed_cor1 ((PI ^ 2 / 6 - B) / (PI ^ 2 / 4))) as [n [Hn N]]; [apply Rdiv_lt_0_compat; lra|].
  exists (2 ^ n)%nat. split; [apply Nat.neq_0_lt_0, Nat.pow_nonzero; lia|].
  pose proof (basel_gap n) as Gap. apply lt_INR in N; cbn [INR] in N.
  assert (INR n < 2 ^ n) as Large by (rewrite <- INR_two_pow; apply lt_INR, Nat.pow_gt_lin_r; lia).
  enough (PI ^ 2 / (4 * 2 ^ n) < PI ^ 2 / 6 - B) by lra.
  replace (PI ^ 2 / (4 * 2 ^ n)) with (/ 2 ^ n * (PI ^ 2 / 4)) by (field; lra).
  replace (PI ^ 2 / 6 - B) with ((PI ^ 2 / 6 - B) / (PI ^ 2 / 4) * (PI ^ 2 / 4)) by (field; lra).
  apply Rmult_lt_compat_r; [lra|]. apply Rlt_trans with (/ INR n); [|exact Hn].
  apply Rinv_lt_contravar; [apply Rmult_lt_0_compat; lra | exact Large].
Qed.

Theorem basel_limit : Un_cv (harmonic 2) (PI ^ 2 / 6).
Proof.
  intros e He. destruct (basel_least (PI ^ 2 / 6 - e)) as [N [_ HN]]; [lra|].
  exists N. intros G HG. unfold R_dist.
  pose proof (harmonic_increasing 2 N G HG). pose proof (basel_bound G).
  rewrite Rabs_left1; lra.
Qed.
