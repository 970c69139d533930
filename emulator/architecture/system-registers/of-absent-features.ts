/**
 * Registers that the machine does not have, known by name: accesses are UNDEFINED, and people are told what the register
 * would need. A line is a name, the operands of MRS and MSR, and whether it can be read and written. `{0-15+1}` stands
 * for a family of numbers, of which each next encoding is so much higher.
 */
import type { SystemEncoding } from '../system-register.ts';
import { systemEncodingKey } from '../system-register.ts';

const table = {
  'Debug state': `
    DSPSR_EL0 3,3,4,5,0 rw
    DLR_EL0 3,3,4,5,1 rw
  `,
  FEAT_AA32EL1: `
    SDER32_EL2 3,4,1,3,1 rw
  `,
  FEAT_AIE: `
    MAIR2_EL1 3,0,10,2,1 rw
    AMAIR2_EL1 3,0,10,3,1 rw
    MAIR2_EL2 3,4,10,1,1 rw
    AMAIR2_EL2 3,4,10,3,1 rw
    MAIR2_EL12 3,5,10,2,1 rw
    AMAIR2_EL12 3,5,10,3,1 rw
    MAIR2_EL3 3,6,10,1,1 rw
    AMAIR2_EL3 3,6,10,3,1 rw
  `,
  FEAT_AMUv1: `
    AMCR_EL0 3,3,13,2,0 rw
    AMCFGR_EL0 3,3,13,2,1 r
    AMCGCR_EL0 3,3,13,2,2 r
    AMUSERENR_EL0 3,3,13,2,3 rw
    AMCNTENCLR{0-1+4}_EL0 3,3,13,2,4 rw
    AMCNTENSET{0-1+4}_EL0 3,3,13,2,5 rw
    AMEVCNTR0{0-3+1}_EL0 3,3,13,4,0 rw
    AMEVTYPER0{0-3+1}_EL0 3,3,13,6,0 r
    AMEVCNTR1{0-15+1}_EL0 3,3,13,12,0 rw
    AMEVTYPER1{0-15+1}_EL0 3,3,13,14,0 rw
    HAFGRTR_EL2 3,4,3,1,6 rw
  `,
  FEAT_AMUv1p1: `
    AMCG1IDR_EL0 3,3,13,2,6 r
    AMEVCNTVOFF0{0-15+1}_EL2 3,4,13,8,0 rw
    AMEVCNTVOFF1{0-15+1}_EL2 3,4,13,10,0 rw
  `,
  FEAT_BRBE: `
    BRBINF{0-15+8}_EL1 2,1,8,0,0 r
    BRBSRC{0-15+8}_EL1 2,1,8,0,1 r
    BRBTGT{0-15+8}_EL1 2,1,8,0,2 r
    BRBINF{16-31+8}_EL1 2,1,8,0,4 r
    BRBSRC{16-31+8}_EL1 2,1,8,0,5 r
    BRBTGT{16-31+8}_EL1 2,1,8,0,6 r
    BRBCR_EL1 2,1,9,0,0 rw
    BRBFCR_EL1 2,1,9,0,1 rw
    BRBTS_EL1 2,1,9,0,2 rw
    BRBINFINJ_EL1 2,1,9,1,0 rw
    BRBSRCINJ_EL1 2,1,9,1,1 rw
    BRBTGTINJ_EL1 2,1,9,1,2 rw
    BRBIDR0_EL1 2,1,9,2,0 r
    BRBCR_EL2 2,4,9,0,0 rw
    BRBCR_EL12 2,5,9,0,0 rw
  `,
  FEAT_CCIDX: `
    CCSIDR2_EL1 3,1,0,0,2 r
  `,
  FEAT_Debugv8p9: `
    MDSELR_EL1 2,0,0,4,2 rw
  `,
  FEAT_E3DSE: `
    VSESR_EL3 3,6,5,2,3 rw
    VDISR_EL3 3,6,12,1,1 rw
  `,
  FEAT_EBEP: `
    PM 3,0,4,3,1 rw
    PMECR_EL1 3,0,9,14,5 rw
  `,
  FEAT_ETE: `
    TRCTRACEIDR 2,1,0,0,1 rw
    TRCVICTLR 2,1,0,0,2 rw
    TRCSEQEVR{0-2+8} 2,1,0,0,4 rw
    TRCCNTRLDVR{0-3+8} 2,1,0,0,5 rw
    TRCIDR{8-13+8} 2,1,0,0,6 r
    TRCIMSPEC{0-6+8} 2,1,0,0,7 rw
    TRCPRGCTLR 2,1,0,1,0 rw
    TRCQCTLR 2,1,0,1,1 rw
    TRCVIIECTLR 2,1,0,1,2 rw
    TRCITEEDCR 2,1,0,2,1 rw
    TRCVISSCTLR 2,1,0,2,2 rw
    TRCSTATR 2,1,0,3,0 r
    TRCVIPCSSCTLR 2,1,0,3,2 rw
    TRCCONFIGR 2,1,0,4,0 rw
    TRCCNTCTLR{0-3+8} 2,1,0,4,5 rw
    TRCAUXCTLR 2,1,0,6,0 rw
    TRCSEQRSTEVR 2,1,0,6,4 rw
    TRCSEQSTR 2,1,0,7,4 rw
    TRCEVENTCTL0R 2,1,0,8,0 rw
    TRCEXTINSELR{0-3+8} 2,1,0,8,4 rw
    TRCCNTVR{0-3+8} 2,1,0,8,5 rw
    TRCIDR{0-7+8} 2,1,0,8,7 r
    TRCEVENTCTL1R 2,1,0,9,0 rw
    TRCRSR 2,1,0,10,0 rw
    TRCSTALLCTLR 2,1,0,11,0 rw
    TRCTSCTLR 2,1,0,12,0 rw
    TRCSYNCPR 2,1,0,13,0 rw
    TRCCCCTLR 2,1,0,14,0 rw
    TRCBBCTLR 2,1,0,15,0 rw
    TRCRSCTLR{0-15+8} 2,1,1,0,0 rw
    TRCRSCTLR{16-29+8} 2,1,1,0,1 rw
    TRCSSCCR{0-7+8} 2,1,1,0,2 rw
    TRCSSPCICR{0-7+8} 2,1,1,0,3 rw
    TRCOSLSR 2,1,1,1,4 r
    TRCSSCSR{0-7+8} 2,1,1,8,2 rw
    TRCACVR{0-7+16} 2,1,2,0,0 rw
    TRCACVR{8-15+16} 2,1,2,0,1 rw
    TRCACATR{0-7+16} 2,1,2,0,2 rw
    TRCACATR{8-15+16} 2,1,2,0,3 rw
    TRCCIDCVR{0-7+16} 2,1,3,0,0 rw
    TRCVMIDCVR{0-7+16} 2,1,3,0,1 rw
    TRCCIDCCTLR{0-1+8} 2,1,3,0,2 rw
    TRCVMIDCCTLR{0-1+8} 2,1,3,2,2 rw
    TRCDEVID 2,1,7,2,7 r
    TRCCLAIMSET 2,1,7,8,6 rw
    TRCCLAIMCLR 2,1,7,9,6 rw
    TRCAUTHSTATUS 2,1,7,14,6 r
    TRCDEVARCH 2,1,7,15,6 r
  `,
  FEAT_FGT2: `
    HDFGRTR2_EL2 3,4,3,1,0 rw
    HDFGWTR2_EL2 3,4,3,1,1 rw
    HFGRTR2_EL2 3,4,3,1,2 rw
    HFGWTR2_EL2 3,4,3,1,3 rw
    HFGITR2_EL2 3,4,3,1,7 rw
  `,
  FEAT_FGWTE3: `
    FGWTE3_EL3 3,6,1,1,5 rw
  `,
  FEAT_FPMR: `
    FPMR 3,3,4,4,2 rw
  `,
  FEAT_GCS: `
    GCSCR_EL1 3,0,2,5,0 rw
    GCSPR_EL1 3,0,2,5,1 rw
    GCSCRE0_EL1 3,0,2,5,2 rw
    GCSPR_EL0 3,3,2,5,1 rw
    GCSCR_EL2 3,4,2,5,0 rw
    GCSPR_EL2 3,4,2,5,1 rw
    GCSCR_EL12 3,5,2,5,0 rw
    GCSPR_EL12 3,5,2,5,1 rw
    GCSCR_EL3 3,6,2,5,0 rw
    GCSPR_EL3 3,6,2,5,1 rw
  `,
  FEAT_GICv3_NMI: `
    ICC_NMIAR1_EL1 3,0,12,9,5 r
  `,
  FEAT_HACDBS: `
    HACDBSBR_EL2 3,4,2,3,4 rw
    HACDBSCONS_EL2 3,4,2,3,5 rw
  `,
  FEAT_HDBSS: `
    HDBSSBR_EL2 3,4,2,3,2 rw
    HDBSSPROD_EL2 3,4,2,3,3 rw
  `,
  FEAT_ITE: `
    TRCITECR_EL1 3,0,1,2,3 rw
    TRCITECR_EL2 3,4,1,2,3 rw
    TRCITECR_EL12 3,5,1,2,3 rw
  `,
  FEAT_LS64_ACCDATA: `
    ACCDATA_EL1 3,0,13,0,5 rw
  `,
  FEAT_MEC: `
    MECID_P0_EL2 3,4,10,8,0 rw
    MECID_A0_EL2 3,4,10,8,1 rw
    MECID_P1_EL2 3,4,10,8,2 rw
    MECID_A1_EL2 3,4,10,8,3 rw
    MECIDR_EL2 3,4,10,8,7 r
    VMECID_P_EL2 3,4,10,9,0 rw
    VMECID_A_EL2 3,4,10,9,1 rw
    MECID_RL_A_EL3 3,6,10,10,1 rw
  `,
  FEAT_MPAM: `
    MPAMIDR_EL1 3,0,10,4,4 r
    MPAM1_EL1 3,0,10,5,0 rw
    MPAM0_EL1 3,0,10,5,1 rw
    MPAMSM_EL1 3,0,10,5,3 rw
    MPAMHCR_EL2 3,4,10,4,0 rw
    MPAMVPMV_EL2 3,4,10,4,1 rw
    MPAM2_EL2 3,4,10,5,0 rw
    MPAMVPM0_EL2 3,4,10,6,0 rw
    MPAMVPM1_EL2 3,4,10,6,1 rw
    MPAMVPM2_EL2 3,4,10,6,2 rw
    MPAMVPM3_EL2 3,4,10,6,3 rw
    MPAMVPM4_EL2 3,4,10,6,4 rw
    MPAMVPM5_EL2 3,4,10,6,5 rw
    MPAMVPM6_EL2 3,4,10,6,6 rw
    MPAMVPM7_EL2 3,4,10,6,7 rw
    MPAM1_EL12 3,5,10,5,0 rw
    MPAM3_EL3 3,6,10,5,0 rw
  `,
  FEAT_MPAM_PE_BW_CTRL: `
    MPAMBWIDR_EL1 3,0,10,4,5 r
    MPAMBW1_EL1 3,0,10,5,4 rw
    MPAMBW0_EL1 3,0,10,5,5 rw
    MPAMBWSM_EL1 3,0,10,5,7 rw
    MPAMBW2_EL2 3,4,10,5,4 rw
    MPAMBWCAP_EL2 3,4,10,5,6 rw
    MPAMBW1_EL12 3,5,10,5,4 rw
    MPAMBW3_EL3 3,6,10,5,4 rw
  `,
  FEAT_PFAR: `
    PFAR_EL1 3,0,6,0,5 rw
    PFAR_EL2 3,4,6,0,5 rw
    PFAR_EL12 3,5,6,0,5 rw
    MFAR_EL3 3,6,6,0,5 rw
  `,
  FEAT_PMUv3_ICNTR: `
    PMICNTSVR_EL1 2,0,14,12,0 r
    PMICNTR_EL0 3,3,9,4,0 rw
    PMICFILTR_EL0 3,3,9,6,0 rw
  `,
  FEAT_PMUv3_SS: `
    PMEVCNTSVR{0-30+1}_EL1 2,0,14,8,0 r
    PMCCNTSVR_EL1 2,0,14,11,7 r
    PMSSCR_EL1 3,0,9,13,3 rw
  `,
  FEAT_PMUv3p9: `
    PMUACR_EL1 3,0,9,14,4 rw
    PMZR_EL0 3,3,9,13,4 w
  `,
  'RAS error records': `
    ERRSELR_EL1 3,0,5,3,1 rw
    ERXFR_EL1 3,0,5,4,0 r
    ERXCTLR_EL1 3,0,5,4,1 rw
    ERXSTATUS_EL1 3,0,5,4,2 rw
    ERXADDR_EL1 3,0,5,4,3 rw
    ERXMISC{0-1+1}_EL1 3,0,5,5,0 rw
    ERXPFGF_EL1 3,0,5,4,4 r
    ERXPFGCTL_EL1 3,0,5,4,5 rw
    ERXPFGCDN_EL1 3,0,5,4,6 rw
    ERXMISC{2-3+1}_EL1 3,0,5,5,2 rw
  `,
  FEAT_RASv2: `
    ERXGSR_EL1 3,0,5,3,2 r
  `,
  FEAT_RME: `
    SPMROOTCR_EL3 2,6,9,14,7 rw
    GPTBR_EL3 3,6,2,1,4 rw
    GPCCR_EL3 3,6,2,1,6 rw
  `,
  FEAT_RME_GPC3: `
    GPCBW_EL3 3,6,2,1,5 rw
  `,
  FEAT_S1PIE: `
    PIRE0_EL1 3,0,10,2,2 rw
    PIR_EL1 3,0,10,2,3 rw
    PIRE0_EL2 3,4,10,2,2 rw
    PIR_EL2 3,4,10,2,3 rw
    PIRE0_EL12 3,5,10,2,2 rw
    PIR_EL12 3,5,10,2,3 rw
    PIR_EL3 3,6,10,2,3 rw
  `,
  FEAT_S1POE: `
    POR_EL1 3,0,10,2,4 rw
    POR_EL0 3,3,10,2,4 rw
    POR_EL2 3,4,10,2,4 rw
    POR_EL12 3,5,10,2,4 rw
    POR_EL3 3,6,10,2,4 rw
  `,
  FEAT_S2PIE: `
    S2PIR_EL2 3,4,10,2,5 rw
  `,
  FEAT_S2POE: `
    S2POR_EL1 3,0,10,2,5 rw
  `,
  FEAT_SCTLR2: `
    SCTLR2_EL1 3,0,1,0,3 rw
    SCTLR2_EL2 3,4,1,0,3 rw
    SCTLR2_EL12 3,5,1,0,3 rw
    SCTLR2_EL3 3,6,1,0,3 rw
  `,
  FEAT_SEBEP: `
    PMIAR_EL1 3,0,9,14,7 rw
  `,
  FEAT_SME: `
    SMPRI_EL1 3,0,1,2,4 rw
    SMCR_EL1 3,0,1,2,6 rw
    SMIDR_EL1 3,1,0,0,6 r
    SVCR 3,3,4,2,2 rw
    TPIDR2_EL0 3,3,13,0,5 rw
    SMPRIMAP_EL2 3,4,1,2,5 rw
    SMCR_EL2 3,4,1,2,6 rw
    SMCR_EL12 3,5,1,2,6 rw
    SMCR_EL3 3,6,1,2,6 rw
  `,
  FEAT_SPE: `
    PMSCR_EL1 3,0,9,9,0 rw
    PMSICR_EL1 3,0,9,9,2 rw
    PMSIRR_EL1 3,0,9,9,3 rw
    PMSFCR_EL1 3,0,9,9,4 rw
    PMSEVFR_EL1 3,0,9,9,5 rw
    PMSLATFR_EL1 3,0,9,9,6 rw
    PMSIDR_EL1 3,0,9,9,7 r
    PMBLIMITR_EL1 3,0,9,10,0 rw
    PMBPTR_EL1 3,0,9,10,1 rw
    PMBSR_EL1 3,0,9,10,3 rw
    PMBIDR_EL1 3,0,9,10,7 r
    PMSCR_EL2 3,4,9,9,0 rw
    PMSCR_EL12 3,5,9,9,0 rw
    PMBSR_EL12 3,5,9,10,3 rw
  `,
  FEAT_SPE_EXC: `
    PMBSR_EL2 3,4,9,10,3 rw
    PMBSR_EL3 3,6,9,10,3 rw
  `,
  FEAT_SPE_FDS: `
    PMSDSFR_EL1 3,0,9,10,4 rw
  `,
  FEAT_SPE_FnE: `
    PMSNEVFR_EL1 3,0,9,9,1 rw
  `,
  FEAT_SPE_nVM: `
    PMBMAR_EL1 3,0,9,10,5 rw
  `,
  FEAT_SPMU: `
    SPMCGCR{0-1+1}_EL1 2,0,9,13,0 r
    SPMACCESSR_EL1 2,0,9,13,3 rw
    SPMIIDR_EL1 2,0,9,13,4 r
    SPMDEVARCH_EL1 2,0,9,13,5 r
    SPMDEVAFF_EL1 2,0,9,13,6 r
    SPMCFGR_EL1 2,0,9,13,7 r
    SPMINTENSET_EL1 2,0,9,14,1 rw
    SPMINTENCLR_EL1 2,0,9,14,2 rw
    SPMCR_EL0 2,3,9,12,0 rw
    SPMCNTENSET_EL0 2,3,9,12,1 rw
    SPMCNTENCLR_EL0 2,3,9,12,2 rw
    SPMOVSCLR_EL0 2,3,9,12,3 rw
    SPMSELR_EL0 2,3,9,12,5 rw
    SPMOVSSET_EL0 2,3,9,14,3 rw
    SPMEVCNTR{0-15+1}_EL0 2,3,14,0,0 rw
    SPMEVTYPER{0-15+1}_EL0 2,3,14,2,0 rw
    SPMEVFILTR{0-15+1}_EL0 2,3,14,4,0 rw
    SPMEVFILT2R{0-15+1}_EL0 2,3,14,6,0 rw
    SPMACCESSR_EL2 2,4,9,13,3 rw
    SPMACCESSR_EL12 2,5,9,13,3 rw
    SPMACCESSR_EL3 2,6,9,13,3 rw
    SPMSCR_EL1 2,7,9,14,7 rw
  `,
  FEAT_SPMU2: `
    SPMZR_EL0 2,3,9,12,4 w
  `,
  FEAT_SRMASK: `
    SCTLRMASK_EL1 3,0,1,4,0 rw
    ACTLRMASK_EL1 3,0,1,4,1 rw
    CPACRMASK_EL1 3,0,1,4,2 rw
    SCTLR2MASK_EL1 3,0,1,4,3 rw
    TCRMASK_EL1 3,0,2,7,2 rw
    TCR2MASK_EL1 3,0,2,7,3 rw
    SCTLRMASK_EL2 3,4,1,4,0 rw
    ACTLRMASK_EL2 3,4,1,4,1 rw
    CPTRMASK_EL2 3,4,1,4,2 rw
    SCTLR2MASK_EL2 3,4,1,4,3 rw
    TCRMASK_EL2 3,4,2,7,2 rw
    TCR2MASK_EL2 3,4,2,7,3 rw
    SCTLRMASK_EL12 3,5,1,4,0 rw
    ACTLRMASK_EL12 3,5,1,4,1 rw
    CPACRMASK_EL12 3,5,1,4,2 rw
    SCTLR2MASK_EL12 3,5,1,4,3 rw
    TCRMASK_EL12 3,5,2,7,2 rw
    TCR2MASK_EL12 3,5,2,7,3 rw
  `,
  FEAT_STEP2: `
    MDSTEPOP_EL1 2,0,0,5,2 rw
  `,
  FEAT_SVE: `
    ZCR_EL1 3,0,1,2,0 rw
    ZCR_EL2 3,4,1,2,0 rw
    ZCR_EL12 3,5,1,2,0 rw
    ZCR_EL3 3,6,1,2,0 rw
  `,
  FEAT_TCR2: `
    TCR2_EL1 3,0,2,0,3 rw
    TCR2_EL2 3,4,2,0,3 rw
    TCR2_EL12 3,5,2,0,3 rw
  `,
  FEAT_THE: `
    RCWSMASK_EL1 3,0,13,0,3 rw
    RCWMASK_EL1 3,0,13,0,6 rw
  `,
  FEAT_TRBE: `
    TRBLIMITR_EL1 3,0,9,11,0 rw
    TRBPTR_EL1 3,0,9,11,1 rw
    TRBBASER_EL1 3,0,9,11,2 rw
    TRBSR_EL1 3,0,9,11,3 rw
    TRBMAR_EL1 3,0,9,11,4 rw
    TRBTRG_EL1 3,0,9,11,6 rw
    TRBIDR_EL1 3,0,9,11,7 r
    TRBSR_EL12 3,5,9,11,3 rw
  `,
  FEAT_TRBE_EXC: `
    TRBSR_EL2 3,4,9,11,3 rw
    TRBSR_EL3 3,6,9,11,3 rw
  `,
  FEAT_TRBE_MPAM: `
    TRBMPAM_EL1 3,0,9,11,5 rw
  `,
  FEAT_TRF: `
    TRFCR_EL1 3,0,1,2,1 rw
    TRFCR_EL2 3,4,1,2,1 rw
    TRFCR_EL12 3,5,1,2,1 rw
  `,
} as const;

/** A register of a feature that the machine lacks. */
export interface AbsentRegister {
  readonly name: string;
  readonly encoding: SystemEncoding;
  readonly access: { readonly read: boolean; readonly write: boolean };
  /** The feature, or the part of one, that it belongs to; “Debug state” for registers that exist only there. */
  readonly feature: string;
}

function encodingOf(key: number): SystemEncoding {
  return [(key >> 14) & 3, (key >> 11) & 7, (key >> 7) & 15, (key >> 3) & 15, key & 7];
}

function readLine(line: string, feature: string): AbsentRegister[] {
  const [name = '', operands = '', ways = ''] = line.trim().split(' ');
  const access = { read: ways.includes('r'), write: ways.includes('w') };
  const first = systemEncodingKey(operands.split(',').map(Number) as unknown as SystemEncoding);
  const family = /\{(\d+)-(\d+)\+(\d+)\}/.exec(name);
  if (!family) return [{ name, encoding: encodingOf(first), access, feature }];
  const [from, to, step] = family.slice(1).map(Number) as [number, number, number];
  return Array.from({ length: to - from + 1 }, (_, i) => ({
    name: name.replace(family[0], String(from + i)),
    encoding: encodingOf(first + i * step),
    access,
    feature,
  }));
}

/** All of them, by feature. */
export const absentRegisters: readonly AbsentRegister[] = Object.entries(table).flatMap(([feature, lines]) =>
  lines
    .trim()
    .split('\n')
    .flatMap(line => readLine(line, feature)),
);

const byName = new Map(absentRegisters.map(one => [one.name.toUpperCase(), one]));
const byKey = new Map(absentRegisters.map(one => [systemEncodingKey(one.encoding), one]));

/** The register of a name in upper or lower case. */
export function findAbsentRegister(name: string): AbsentRegister | undefined {
  return byName.get(name.toUpperCase());
}

/** The register at an encoding key (`systemEncodingKey`). */
export function absentRegisterAt(key: number): AbsentRegister | undefined {
  return byKey.get(key);
}
