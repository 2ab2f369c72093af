(* Limits as G grows, put together from those of 1/G, powers, harmonic numbers and the logarithm.

   They give least upper bounds of what is monotone, growth to infinity, and errors of expansions. *)

From Coq Require Import Reals Lra Lia PeanoNat Psatz.
From Selfgen Require Import Sums Basel Tactics.
Open Scope R_scope.

Lemma cv_constant c : Un_cv (fun _ => c) c.
Proof. intros e He; exists 0%nat; intros G _. now rewrite R_dist_eq. Qed.

Lemma cv_is (u : nat -> R) l m : Un_cv u l -> l = m -> Un_cv u m.
Proof. now intros H <-. Qed.

(* Only late generations count. *)
Lemma cv_from first (u v : nat -> R) l :
  (forall G, (first <= G)%nat -> v G = u G) -> Un_cv u l -> Un_cv v l.
Proof.
  intros Same Limit e He. destruct (Limit e He) as [N HN].
  exists (Nat.max first N). intros G HG. rewrite Same by lia. apply HN; lia.
Qed.

Lemma cv_between (u : nat -> R) (v : nat -> R) first :
  (forall G, (first <= G)%nat -> 0 <= v G <= u G) -> Un_cv u 0 -> Un_cv v 0.
Proof.
  intros Between Limit e He. destruct (Limit e He) as [N HN].
  exists (Nat.max first N). intros G HG.
  pose proof (Between G ltac:(lia)). pose proof (HN G ltac:(lia)) as Near. unfold R_dist in *.
  rewrite Rminus_0_r, Rabs_right in * by lra. lra.
Qed.

Lemma cv_quotient (u v : nat -> R) l m : Un_cv u l -> Un_cv v m -> m <> 0 -> Un_cv (fun G => u G / v G) (l / m).
Proof.
  intros U V M. apply (CV_mult u (fun G => / v G)); [exact U|].
  apply (continuity_seq (fun x => / x) v m); [|exact V].
  apply (continuity_pt_inv id m); [apply derivable_continuous_pt, derivable_pt_id | exact M].
Qed.

Lemma cv_pow (u : nat -> R) k l : Un_cv u l -> Un_cv (fun G => u G ^ k) (l ^ k).
Proof. intros U; induction k as [|k IH]; [apply (cv_constant 1) | apply (CV_mult u (fun G => u G ^ k)); assumption]. Qed.

Lemma cv_reciprocal : Un_cv (fun G => / INR G) 0.
Proof.
  intros e He. destruct (archimed_cor1 e He) as [N [Small Positive]].
  exists N. intros G HG. unfold R_dist. rewrite Rminus_0_r.
  assert (0 < INR N) by (apply lt_0_INR; lia). assert (INR N <= INR G) by (apply le_INR; lia).
  rewrite Rabs_right by (apply Rle_ge; left; apply Rinv_0_lt_compat; lra).
  apply Rle_lt_trans with (/ INR N); [apply Rinv_le_contravar; lra | exact Small].
Qed.

(* Powers of q with |q| < 1 fall faster than powers of G grow. *)

Lemma cv_power q : -1 < q < 1 -> Un_cv (fun G => q ^ G) 0.
Proof.
  intros Q e He. destruct (pow_lt_1_zero q (Rabs_def1 _ _ (proj2 Q) (proj1 Q)) e He) as [N HN].
  exists N. intros G HG. unfold R_dist. rewrite Rminus_0_r. apply HN; lia.
Qed.

Lemma generations_below_power h G : 0 < h -> INR G * h <= (1 + h) ^ G.
Proof.
  intros Positive. enough (1 + INR G * h <= (1 + h) ^ G) by lra.
  induction G as [|G IH]; [cbn; lra|]. pose proof (pos_INR G). rewrite S_INR. cbn [pow].
  apply Rle_trans with ((1 + h) * (1 + INR G * h)); [nra | apply Rmult_le_compat_l; lra].
Qed.

Lemma cv_generations_power q : 0 <= q < 1 -> Un_cv (fun G => INR G * q ^ G) 0.
Proof.
  intros [Low High]. destruct (Req_dec q 0) as [->|Nonzero].
  - apply (cv_from 1 (fun _ => 0)); [|apply cv_constant]. intros [|G] HG; [lia|]. cbn [pow]; ring.
  - set (r := sqrt q). assert (0 < r) as R by (apply sqrt_lt_R0; lra).
    assert (r * r = q) as Square by (apply sqrt_sqrt; lra). assert (r < 1) as Below by nra.
    set (h := / r - 1).
    assert (0 < h) as H by (unfold h; enough (1 < / r) by lra; rewrite <- Rinv_1; apply Rinv_lt_contravar; lra).
    apply (cv_between (fun G => / h * r ^ G) _ 0).
    2:{ replace 0 with (/ h * 0) by ring. apply (CV_mult (fun _ => / h)); [apply cv_constant | apply cv_power; lra]. }
    intros G _. rewrite <- Square, Rpow_mult_distr.
    assert (0 < r ^ G) as P by (apply pow_lt; exact R). pose proof (pos_INR G).
    assert (INR G * r ^ G <= / h) as Bound.
    { apply Rmult_le_reg_r with h; [exact H|]. rewrite Rinv_l by lra.
      apply Rle_trans with (r ^ G * (1 + h) ^ G).
      - replace (INR G * r ^ G * h) with (r ^ G * (INR G * h)) by ring.
        apply Rmult_le_compat_l; [lra | apply generations_below_power, H].
      - rewrite <- Rpow_mult_distr. replace (r * (1 + h)) with 1 by (unfold h; field; lra). rewrite pow1; lra. }
    split; [repeat apply Rmult_le_pos; lra|].
    replace (INR G * (r ^ G * r ^ G)) with (INR G * r ^ G * r ^ G) by ring. apply Rmult_le_compat_r; lra.
Qed.

Lemma cv_absolute_power k : forall q, 0 <= q < 1 -> Un_cv (fun G => INR G ^ k * q ^ G) 0.
Proof.
  induction k as [|k IH]; intros q Q.
  - apply (cv_from 0 (fun G => q ^ G)); [intros; cbn [pow]; ring | apply cv_power; lra].
  - assert (0 <= sqrt q < 1) as Root.
    { split; [apply sqrt_pos|]. rewrite <- sqrt_1. apply sqrt_lt_1; lra. }
    apply (cv_from 0 (fun G => INR G * sqrt q ^ G * (INR G ^ k * sqrt q ^ G))).
    + intros G _. rewrite <- (sqrt_sqrt q) at 1 by lra. rewrite Rpow_mult_distr. cbn [pow]; ring.
    + replace 0 with (0 * 0) by ring. apply CV_mult; [apply cv_generations_power | apply IH]; exact Root.
Qed.

Theorem cv_polynomial_power k skipped q : -1 < q < 1 -> Un_cv (fun G => INR G ^ k * q ^ (G - skipped)) 0.
Proof.
  intros Q. destruct (Req_dec q 0) as [->|Nonzero].
  - apply (cv_from (S skipped) (fun _ => 0)); [|apply cv_constant].
    intros G HG. rewrite pow_i by lia. ring.
  - apply (cv_from skipped (fun G => / q ^ skipped * (INR G ^ k * q ^ G))).
    { intros G HG. replace (q ^ G) with (q ^ (G - skipped) * q ^ skipped) by (rewrite <- pow_add; f_equal; lia).
      field. apply pow_nonzero, Nonzero. }
    replace 0 with (/ q ^ skipped * 0) by ring. apply (CV_mult (fun _ => / q ^ skipped)); [apply cv_constant|].
    intros e He. assert (0 <= Rabs q < 1) as Absolute by (split; [apply Rabs_pos | apply Rabs_def1; lra]).
    destruct (cv_absolute_power k (Rabs q) Absolute e He) as [N HN]. exists N. intros G HG.
    specialize (HN G HG). unfold R_dist in *. rewrite Rminus_0_r in *.
    rewrite RPow_abs, Rabs_mult, Rabs_Rabsolu in HN. rewrite Rabs_mult. exact HN.
Qed.

Lemma cv_power_from skipped q : -1 < q < 1 -> Un_cv (fun G => q ^ (G - skipped)) 0.
Proof.
  intros Q. apply (cv_from 0 (fun G => INR G ^ 0 * q ^ (G - skipped))); [intros; cbn [pow]; ring|].
  apply cv_polynomial_power, Q.
Qed.

Lemma pow_swap q k G : (q ^ k) ^ G = (q ^ G) ^ k.
Proof. rewrite <- !pow_mult. f_equal; lia. Qed.

(* The harmonic numbers grow like the logarithm, H_G - 1 <= ln G <= H_(G-1), and slower than G. *)

Lemma ln_at_most x y : 0 < x -> x <= exp y -> ln x <= y.
Proof.
  intros X H. rewrite <- (ln_exp y). destruct (Rle_lt_or_eq_dec _ _ H) as [Less|Same]; [|rewrite Same; lra].
  left; apply ln_increasing; assumption.
Qed.

Lemma exp_scaled x y : 0 < x -> x * exp y = exp (ln x + y).
Proof. intros X. rewrite exp_plus, exp_ln by exact X. reflexivity. Qed.

Lemma harmonic_above_ln G : ln (INR (S G)) <= harmonic 1 G.
Proof.
  induction G as [|G IH]; [rewrite harmonic_0; change (INR 1) with 1; rewrite ln_1; lra|].
  rewrite harmonic_S, pow_1. apply Rle_trans with (ln (INR (S G)) + / INR (S G)); [|lra].
  pose proof (INR_at_least_1 (S G) ltac:(lia)) as P. rewrite (S_INR (S G)).
  apply ln_at_most; [lra|]. rewrite <- exp_scaled by lra.
  apply Rle_trans with (INR (S G) * (1 + / INR (S G))); [|apply Rmult_le_compat_l; [lra | apply exp_ineq1_le]].
  rewrite Rmult_plus_distr_l, Rinv_r by lra. lra.
Qed.

Lemma harmonic_below_ln G : (1 <= G)%nat -> harmonic 1 G <= 1 + ln (INR G).
Proof.
  intros H; induction H as [|G H IH].
  { rewrite harmonic_S, harmonic_0. change (INR 1) with 1. rewrite ln_1, pow_1, Rinv_1; lra. }
  rewrite harmonic_S, pow_1.
  pose proof (INR_at_least_1 G H). pose proof (INR_at_least_1 (S G) ltac:(lia)) as P.
  enough (ln (INR G) <= ln (INR (S G)) + - / INR (S G)) by lra.
  apply ln_at_most; [lra|]. rewrite <- exp_scaled by lra.
  apply Rle_trans with (INR (S G) * (1 + - / INR (S G))); [|apply Rmult_le_compat_l; [lra | apply exp_ineq1_le]].
  rewrite Rmult_plus_distr_l, Ropp_mult_distr_r_reverse, Rinv_r by lra. rewrite S_INR; lra.
Qed.

Lemma ln_positive G : (2 <= G)%nat -> 0 < ln (INR G).
Proof.
  intros H. rewrite <- ln_1. apply ln_increasing; [lra|]. change 1 with (INR 1). apply lt_INR; lia.
Qed.

Lemma cv_reciprocal_ln : Un_cv (fun G => / ln (INR G)) 0.
Proof.
  intros e He. destruct (archimed_cor1 (/ exp (/ e)) (Rinv_0_lt_compat _ (exp_pos _))) as [N [HN Positive]].
  exists (Nat.max 2 N). intros G HG.
  assert (exp (/ e) < INR N).
  { apply Rnot_le_lt. intros H. pose proof (Rinv_le_contravar _ _ (lt_0_INR N Positive) H). lra. }
  assert (INR N <= INR G) by (apply le_INR; lia). pose proof (ln_positive G ltac:(lia)).
  assert (/ e < ln (INR G)) as Large.
  { rewrite <- (ln_exp (/ e)). apply ln_increasing; [apply exp_pos | lra]. }
  assert (0 < / e) by (apply Rinv_0_lt_compat; lra).
  unfold R_dist. rewrite Rminus_0_r, Rabs_right by (apply Rle_ge; left; apply Rinv_0_lt_compat; lra).
  rewrite <- (Rinv_inv e). apply Rinv_lt_contravar; [apply Rmult_lt_0_compat; lra | exact Large].
Qed.

Theorem cv_harmonic_ln : Un_cv (fun G => harmonic 1 G / ln (INR G)) 1.
Proof.
  apply (cv_from 2 (fun G => 1 + (harmonic 1 G / ln (INR G) - 1))); [intros; ring|].
  apply (cv_is _ (1 + 0)); [|ring]. apply (CV_plus (fun _ => 1)); [apply cv_constant|].
  apply (cv_between (fun G => / ln (INR G)) _ 2); [|apply cv_reciprocal_ln].
  intros G HG. pose proof (ln_positive G HG) as Positive.
  pose proof (harmonic_below_ln G ltac:(lia)). pose proof (harmonic_above_ln G) as Above.
  assert (ln (INR G) <= harmonic 1 G).
  { apply Rle_trans with (ln (INR (S G))); [|exact Above].
    left; apply ln_increasing; [apply lt_0_INR; lia | apply lt_INR; lia]. }
  replace (harmonic 1 G / ln (INR G) - 1) with ((harmonic 1 G - ln (INR G)) * / ln (INR G)) by (field; lra).
  assert (0 < / ln (INR G)) by (apply Rinv_0_lt_compat, Positive). split; [apply Rmult_le_pos; lra|].
  rewrite <- (Rmult_1_l (/ ln (INR G))) at 2. apply Rmult_le_compat_r; lra.
Qed.

Theorem cv_harmonic_mean : Un_cv (fun G => harmonic 1 G / INR G) 0.
Proof.
  apply (cv_from 1 (fun G => sum_f_R0 (fun i => / INR (S i)) (pred G) / INR G)).
  - intros [|G] HG; [lia|]. f_equal. cbn [pred].
    clear HG. induction G as [|G IH].
    { cbn [sum_f_R0]. rewrite harmonic_S, harmonic_0, pow_1. ring. }
    rewrite harmonic_S, IH, pow_1. reflexivity.
  - apply Cesaro_1. intros e He. destruct (cv_reciprocal e He) as [N HN]. exists N. intros G HG. apply HN; lia.
Qed.

(* Sums, products and quotients of what is above; |q| < 1 has to be among the hypotheses. *)
Ltac converge :=
  cbv beta;
  match goal with
  | |- Un_cv (fun _ => ?c) _ => apply cv_constant
  | |- Un_cv (fun G => / INR G) _ => exact cv_reciprocal
  | |- Un_cv (fun G => harmonic 2 G) _ => exact basel_limit
  | |- Un_cv (fun G => harmonic 1 G / INR G) _ => exact cv_harmonic_mean
  | |- Un_cv (fun G => harmonic 1 G / ln (INR G)) _ => exact cv_harmonic_ln
  | |- Un_cv (fun G => / ln (INR G)) _ => exact cv_reciprocal_ln
  | |- Un_cv (fun G => INR G ^ ?k * ?q ^ (G - ?skipped)) _ => apply (cv_polynomial_power k skipped q); assumption
  | |- Un_cv (fun G => ?q ^ (G - ?skipped)) _ => apply (cv_power_from skipped q); assumption
  | |- Un_cv (fun G => @?u G + @?v G) _ => apply (CV_plus u v); converge
  | |- Un_cv (fun G => @?u G - @?v G) _ => apply (CV_minus u v); converge
  | |- Un_cv (fun G => @?u G * @?v G) _ => apply (CV_mult u v); converge
  | |- Un_cv (fun G => @?u G ^ ?k) _ => apply (cv_pow u k); converge
  | |- Un_cv (fun G => @?u G / @?v G) _ =>
      apply (cv_quotient u v);
      [ converge | converge | match goal with |- ?x <> 0 => replace x with 1 by (cbn [pow]; field; nonzero); lra end ]
  end.

(* 9.5 < pi^2 < 10.5, from sixteen terms of its series. *)
Lemma pi_squared : 19 / 2 < PI ^ 2 < 21 / 2.
Proof.
  pose proof (basel_bound 16) as Below. pose proof (basel_gap 4) as Above.
  change (2 ^ 4)%nat with 16%nat in Above.
  replace (harmonic 2 16) with (822968714749 / 519437318400) in * by (evaluate; field).
  cbn [pow] in *. split; lra.
Qed.

(* What rises to its limit has it as least upper bound; what falls has its first value. *)

Definition value_of (u : nat -> R) (x : R) : Prop := exists G, (1 <= G)%nat /\ x = u G.

Lemma rising (u : nat -> R) : (forall g, (1 <= g)%nat -> u g <= u (S g)) ->
  forall M N, (1 <= M <= N)%nat -> u M <= u N.
Proof. intros Step M N [Low H]; induction H as [|N H IH]; [lra|]. pose proof (Step N ltac:(lia)). lra. Qed.

Lemma limit_above (u : nat -> R) l : (forall g, (1 <= g)%nat -> u g <= u (S g)) -> Un_cv u l ->
  forall G, (1 <= G)%nat -> u G <= l.
Proof.
  intros Step Limit G HG. destruct (Rle_lt_dec (u G) l) as [|Above]; [assumption|exfalso].
  destruct (Limit (u G - l)) as [N HN]; [lra|].
  pose proof (HN (Nat.max N G) ltac:(lia)) as Near. unfold R_dist in Near.
  pose proof (rising u Step G (Nat.max N G) ltac:(lia)). rewrite Rabs_right in Near; lra.
Qed.

Theorem least_bound_of_rising (u : nat -> R) l :
  (forall g, (1 <= g)%nat -> u g <= u (S g)) -> Un_cv u l -> is_lub (value_of u) l.
Proof.
  intros Step Limit. split.
  - intros x [G [HG ->]]. now apply limit_above.
  - intros b Bound. destruct (Rle_lt_dec l b) as [|Below]; [assumption|exfalso].
    destruct (Limit (l - b)) as [N HN]; [lra|].
    pose proof (HN (S N) ltac:(lia)) as Near. unfold R_dist in Near.
    assert (u (S N) <= b) by (apply Bound; exists (S N); split; [lia | reflexivity]).
    rewrite Rabs_left1 in Near; lra.
Qed.

Theorem least_bound_of_falling (u : nat -> R) l :
  (forall g, (1 <= g)%nat -> u (S g) <= u g) -> u 1%nat = l -> is_lub (value_of u) l.
Proof.
  intros Step <-. split.
  - intros x [G [HG ->]]. pose proof (rising (fun g => - u g)) as Order. cbv beta in Order.
    enough (- u 1%nat <= - u G) by lra. apply Order; [|lia]. intros g Hg; pose proof (Step g Hg); lra.
  - intros b Bound. apply Bound. exists 1%nat. split; [lia | reflexivity].
Qed.

(* What is asymptotic to a sequence without bound has none. *)
Theorem diverges (u v : nat -> R) first : (forall G, (first <= G)%nat -> 0 < v G) ->
  Un_cv (fun G => / v G) 0 -> Un_cv (fun G => u G / v G) 1 -> cv_infty u.
Proof.
  intros Positive Grows Ratio M.
  assert (0 < / (2 * (Rabs M + 1))) as Level by (apply Rinv_0_lt_compat; pose proof (Rabs_pos M); lra).
  destruct (Grows _ Level) as [N1 H1]. destruct (Ratio (/ 2)) as [N2 H2]; [lra|].
  exists (Nat.max first (Nat.max N1 N2)). intros G HG.
  pose proof (Positive G ltac:(lia)) as P. pose proof (H1 G ltac:(lia)) as Small. pose proof (H2 G ltac:(lia)) as Near.
  unfold R_dist in *. rewrite Rminus_0_r in Small. apply Rabs_def2 in Small, Near.
  assert (2 * (Rabs M + 1) < v G).
  { pose proof (Rabs_pos M). rewrite <- (Rinv_inv (v G)), <- (Rinv_inv (2 * (Rabs M + 1))).
    apply Rinv_lt_contravar; [|apply Small]. apply Rmult_lt_0_compat; [apply Rinv_0_lt_compat, P | exact Level]. }
  replace (u G) with (u G / v G * v G) by (field; lra).
  pose proof (Rle_abs M). apply Rlt_le_trans with (/ 2 * v G); [lra|]. apply Rmult_le_compat_r; lra.
Qed.

(* An error that tends to 0 by steps below those of its bound, which tends to 0 too, stays within the bound. *)
Theorem remainder_by_steps (error bound : nat -> R) first :
  (forall g, (first <= g)%nat -> error (S g) - error g <= bound g - bound (S g)) ->
  (forall g, (first <= g)%nat -> - (bound g - bound (S g)) <= error (S g) - error g) ->
  Un_cv error 0 -> Un_cv bound 0 ->
  forall G, (first <= G)%nat -> Rabs (error G) <= bound G.
Proof.
  intros Above Below Error Bound G HG.
  assert (forall u : nat -> R, (forall g, (first <= g)%nat -> u (S g) <= u g) -> Un_cv u 0 -> 0 <= u G) as Falls.
  { intros u Step Limit. destruct (Rle_lt_dec 0 (u G)) as [|Negative]; [assumption|exfalso].
    destruct (Limit (- u G)) as [N HN]; [lra|]. pose proof (HN (G + N)%nat ltac:(lia)) as Near.
    assert (forall M, u (G + M)%nat <= u G) as Order.
    { induction M as [|M IH]; [rewrite Nat.add_0_r; lra|]. rewrite Nat.add_succ_r.
      pose proof (Step (G + M)%nat ltac:(lia)). lra. }
    specialize (Order N).
    unfold R_dist in Near. rewrite Rminus_0_r, Rabs_left in Near; lra. }
  apply Rabs_le. split.
  - enough (0 <= bound G + error G) by lra. apply (Falls (fun g => bound g + error g)).
    + intros g Hg. pose proof (Above g Hg). lra.
    + apply (cv_is _ (0 + 0)); [apply CV_plus; assumption | ring].
  - enough (0 <= bound G - error G) by lra. apply (Falls (fun g => bound g - error g)).
    + intros g Hg. pose proof (Below g Hg). lra.
    + apply (cv_is _ (0 - 0)); [apply CV_minus; assumption | ring].
Qed.
